import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Emulator, SubmitFault } from '../src/emulator/index.ts'
import { canary, expectNoKey } from './helpers/canary.ts'
import { postsTo, startEmulator } from './helpers/emulator.ts'
import { errorOf } from './helpers/errors.ts'
import { makePng } from './helpers/images.ts'
import { tmpProject } from './helpers/project.ts'
import type { Project } from './helpers/project.ts'
import { openShop } from './helpers/shop.ts'
import type { Shop } from './helpers/shop.ts'
import type { Order } from '../src/purchase/order.ts'

const cli = fileURLToPath(new URL('cli.js', import.meta.resolve('unplugin-magnific')))

interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** A project with one picture, and an API without a list that does this to submissions. */
async function open(effect: Omit<SubmitFault, 'route'> = {}): Promise<{
  emulator: Emulator
  project: Project
  order: Order
  next: () => Shop
  magnific: (...args: string[]) => Promise<Ran>
}> {
  const faults = Object.keys(effect).length > 0 ? [{ route: 'submit', ...effect } as const] : []
  const emulator = await startEmulator({ list: false, faults })
  const project = tmpProject({
    'src/hero.png': await makePng({ width: 200, height: 160 }),
    '.env.local': `FREEPIK_API_KEY=${canary}\nMAGNIFIC_BASE_URL=${emulator.url}\n`,
  })
  const next = (): Shop => openShop(project, { baseUrl: emulator.url, deadline: 10_000 })
  return {
    emulator,
    project,
    order: next().order(project.path('src/hero.png'), 'magnific=2x&hdr=3'),
    next,
    magnific: async (...args) => run(project, args),
  }
}

async function run(project: Project, args: readonly string[]): Promise<Ran> {
  const env = {
    ...process.env,
    FREEPIK_API_KEY: undefined,
    MAGNIFIC_API_KEY: undefined,
    MAGNIFIC_BASE_URL: undefined,
    MAGNIFIC_CACHE_DIR: undefined,
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
  }
  return new Promise((resolve) => {
    const settings = { cwd: project.path('src'), env }
    execFile(process.execPath, [cli, ...args], settings, (error, stdout, stderr) => {
      expectNoKey({ stdout, stderr })
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

const short = ({ fingerprint }: Order): string => fingerprint.slice(0, 12)

describe('magnific status', () => {
  it('says that nothing was attempted where nothing was', async () => {
    const { magnific, project } = await open()
    const { code, stdout } = await magnific('status')
    expect(code).toBe(0)
    expect(stdout).toBe(`Nothing was attempted yet in ${project.path('.magnific')}.\n`)
  })

  it('names what is ambiguous with its file and time, and the ways on', async () => {
    const { order, next, magnific } = await open({ status: 500, accept: true })
    await errorOf(async () => next().buy(order))
    const { stdout } = await magnific('status')
    expect(stdout).toContain(
      `${short(order)}  ambiguous   src/hero.png?magnific=2x&hdr=3  2026-01-01T00:00:00.000Z  ~€0.10`,
    )
    expect(stdout).toContain(`magnific resolve ${short(order)} --adopt <task id>, or --void`)
    expect(stdout).toContain('1 ambiguous  in ')
  })

  it('tells programs the same', async () => {
    const { order, next, magnific, emulator } = await open({ outcome: 'FAILED', error: 'No.' })
    await errorOf(async () => next().buy(order))
    const { attempts, totals } = JSON.parse((await magnific('status', '--json')).stdout) as {
      attempts: object[]
      totals: object
    }
    expect(totals).toEqual({ failed: 1 })
    expect(attempts).toEqual([
      expect.objectContaining({
        fingerprint: order.fingerprint,
        state: 'failed',
        file: 'src/hero.png',
        task: emulator.tasks[0]?.id,
        params: { scale_factor: '2x', hdr: 3 },
        estimate: 0.1,
      }),
    ])
  })
})

describe('magnific resolve', () => {
  it('adopts a task that the account shows: the next build fetches it', async () => {
    const { emulator, order, next, magnific } = await open({ cut: 'after-request', accept: true })
    await errorOf(async () => next().buy(order))
    const task = emulator.tasks[0]?.id ?? ''
    const { code, stdout } = await magnific('resolve', short(order), '--adopt', task)
    expect(code).toBe(0)
    expect(stdout).toContain(`is task ${task} (the API says: completed)`)
    expect((await next().buy(order)).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('refuses a task that the API does not know, and one of another image', async () => {
    const { emulator, project, order, next, magnific } = await open({ status: 500, times: 1 })
    await errorOf(async () => next().buy(order))
    const unknown = await magnific('resolve', short(order), '--adopt', 'no-such-task')
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain('The API does not know task no-such-task')
    await next().buy(next().order(project.path('src/hero.png'), 'magnific=4x'))
    const task = emulator.tasks[0]?.id ?? ''
    const another = await magnific('resolve', short(order), `--adopt=${task}`)
    expect(another.code).toBe(1)
    expect(another.stderr).toContain(`Task ${task} is that of `)
    expect((await errorOf(async () => next().buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
  })

  it('takes ids as they are typed, also where they look like numbers', async () => {
    const { order, next, magnific } = await open({ status: 500 })
    await errorOf(async () => next().buy(order))
    const { stderr } = await magnific('resolve', short(order), '--adopt', '0012')
    expect(stderr).toContain('The API does not know task 0012')
  })

  it('voids what the account does not show: the next build buys', async () => {
    const { emulator, order, next, magnific } = await open({ status: 500, times: 1 })
    await errorOf(async () => next().buy(order))
    expect((await magnific('resolve', short(order), '--void')).code).toBe(0)
    expect((await next().buy(order)).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('does not void a task that the API knows, unless it is told to', async () => {
    const { emulator, order, next, magnific } = await open({ outcome: 'STUCK' })
    await errorOf(async () => next().buy(order))
    const refused = await magnific('resolve', short(order), '--void')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`Task ${emulator.tasks[0]?.id} is paid for`)
    expect((await magnific('resolve', short(order), '--void', '--force')).code).toBe(0)
    emulator.setFaults([])
    expect((await next().buy(order)).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
  })

  it('voids a task that the API has forgotten, also where its result was stored once', async () => {
    const { emulator, project, order, next, magnific } = await open()
    const { record } = await next().buy(order)
    for (const folder of ['blobs', 'journal']) {
      rmSync(project.path('.magnific/v1', folder), { recursive: true })
    }
    emulator.setFaults([{ route: 'status', status: 404 }])
    const lost = { ...order, knownTask: record.task }
    const { code, message } = await errorOf(async () => next().buy(lost))
    expect(code).toBe('TASK_UNKNOWN')
    expect(message).toContain(`npx magnific resolve ${short(order)} --void`)
    expect((await magnific('resolve', short(order), '--void')).code).toBe(0)
    emulator.setFaults([])
    expect((await next().buy(lost)).from).toBe('paid')
  })

  it.each([
    [['resolve', 'abcdef'], 'Say either --adopt <task id> or --void.'],
    [['resolve', 'abcdef', '--adopt', 'x', '--void'], 'Say either'],
    [['resolve', 'abcdef', '--void'], 'has no fingerprint that begins with "abcdef"'],
    [['retry', 'nothing'], 'has no fingerprint that begins with "nothing"'],
  ])('explains %j', async (args, explanation) => {
    const { magnific } = await open()
    const { code, stderr } = await magnific(...args)
    expect(code).toBe(1)
    expect(stderr).toContain(explanation)
  })
})

describe('magnific retry', () => {
  it('lets the next build submit what failed once more, and nothing else', async () => {
    const { emulator, project, order, next, magnific } = await open({ outcome: 'FAILED', times: 1 })
    await errorOf(async () => next().buy(order))
    await next().buy(next().order(project.path('src/hero.png'), 'magnific=4x'))
    const { stdout } = await magnific('retry')
    expect(stdout).toContain(`${short(order)}  src/hero.png`)
    expect((await next().buy(order)).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(3)
    expect((await magnific('retry')).stdout).toBe('Nothing has failed.\n')
  })

  it('refuses what has not failed', async () => {
    const { order, next, magnific } = await open()
    await next().buy(order)
    const { code, stderr } = await magnific('retry', short(order))
    expect(code).toBe(1)
    expect(stderr).toContain('has not failed: it is completed')
  })
})

describe('magnific', () => {
  it('shows its commands, and ends with 2 where it does not understand', async () => {
    const { magnific } = await open()
    const help = await magnific('--help')
    expect(help.code).toBe(0)
    for (const command of ['status', 'resolve', 'retry']) expect(help.stdout).toContain(command)
    expect((await magnific('nonsense')).code).toBe(2)
    expect((await magnific('status', '--nonsense')).code).toBe(2)
    expect((await magnific('resolve')).code).toBe(2)
  })

  it('looks into the cache directory that it is given', async () => {
    const { project, order, next, magnific } = await open({ status: 500 })
    await errorOf(async () => next().buy(order))
    const elsewhere = await magnific('status', '--cache-dir', project.path('other'))
    expect(elsewhere.stdout).toContain('Nothing was attempted yet')
    const here = await magnific('status', '--cache-dir', '../.magnific')
    expect(here.stdout).toContain('1 ambiguous')
  })
})
