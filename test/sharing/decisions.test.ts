import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runResolve } from '../../src/cli/resolve.ts'
import type { ResolveFlags } from '../../src/cli/resolve.ts'
import type { Emulator, SubmitFault } from '../../src/emulator/index.ts'
import { makeOld } from '../helpers/cache.ts'
import { command, lookInto } from '../helpers/commands.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import { leaveAttempt, openShop } from '../helpers/shop.ts'
import { forgetProcess, openUpscaler } from '../helpers/upscalers.ts'

warnWithoutRedis()

/** A computer that has the picture, and another one, and a cache directory of its own. */
interface Machine {
  project: Project
  /** Builds, and knows nothing but what is on the disk. @returns where the picture is from, or the code of an error */
  build(name?: string): Promise<string>
  resolve(flags: ResolveFlags): Promise<string>
}

/** An API without a list, and machines that share a cache. */
interface Scene {
  emulator: Emulator
  remote: string
  fingerprint: string
  machine(): Promise<Machine>
}

describe.skipIf(redisPath === undefined)('what people decide where machines share a cache', () => {
  const { onEnd, end } = createEnds()
  let url = ''
  let database = 0
  beforeAll(async () => {
    ;({ url } = await startRedis(onEnd))
  })
  afterAll(end)

  async function setUp(effect: Omit<SubmitFault, 'route'> = {}): Promise<Scene> {
    const faults = Object.keys(effect).length > 0 ? [{ route: 'submit', ...effect } as const] : []
    const emulator = await startEmulator({ list: false, faults })
    const remote = `${url}/${database++}`
    const files = {
      'hero.png': await makePng({ width: 200, height: 160 }),
      'other.png': await makePng({ width: 200, height: 160, seed: 5 }),
    }
    const { order } = openShop(tmpProject(files), { baseUrl: emulator.url })
    const { fingerprint } = order(tmpProject(files).path('hero.png'))
    const machine = async (): Promise<Machine> => {
      const project = tmpProject(files)
      const cache = { dir: project.path('.magnific'), remote, timeout: 20_000 }
      return {
        project,
        build: async (name = 'hero.png') => {
          forgetProcess(project)
          const upscaler = openUpscaler(project, { baseUrl: emulator.url, cache })
          try {
            return (await upscaler.get(name)).from
          } catch (error) {
            return (error as { code: string }).code
          } finally {
            await upscaler.end()
          }
        },
        resolve: async (flags) =>
          command(project, { emulator, remote }, async (workspace, now) =>
            runResolve(workspace, fingerprint.slice(0, 12), flags, now),
          ),
      }
    }
    return { emulator, remote, fingerprint, machine }
  }

  const lost = { cut: 'after-request', accept: true, times: 1 } as const

  it('a task that one of them adopts is that of the other one: it is not voided there, and paid once', async () => {
    const { emulator, machine } = await setUp(lost)
    const [one, two] = [await machine(), await machine()]
    expect(await one.build()).toBe('SUBMIT_AMBIGUOUS')
    expect(await two.build()).toBe('SUBMIT_AMBIGUOUS')
    const task = emulator.tasks[0]?.id ?? ''
    expect(await two.resolve({ adopt: task })).toContain(`is task ${task}`)
    const refused = await errorOf(async () => one.resolve({ void: true }))
    expect(refused.message).toContain(`Task ${task} is paid for`)
    expect(await one.build()).toBe('resumed')
    expect(await two.build()).toBe('cached')
    expect(emulator.tasks).toHaveLength(1)
    expect(postsTo(emulator)).toBe(1)
  })

  it('a task of another image, which another machine has bought, is not adopted', async () => {
    const { emulator, machine } = await setUp({ status: 500, times: 1 })
    const [one, two] = [await machine(), await machine()]
    expect(await one.build()).toBe('SUBMIT_AMBIGUOUS')
    expect(await two.build('other.png')).toBe('paid')
    const task = emulator.tasks[0]?.id ?? ''
    for (const force of [false, true]) {
      const refused = await errorOf(async () => one.resolve({ adopt: task, force }))
      expect(refused.message).toContain(
        `Task ${task} is that of another image, which another machine has bought.`,
      )
    }
    expect(await one.build()).toBe('SUBMIT_AMBIGUOUS')
  })

  it('what one of them voids is void for the other one, who buys; both have it then', async () => {
    const { emulator, machine } = await setUp({ status: 500, times: 1 })
    const [one, two] = [await machine(), await machine()]
    expect(await one.build()).toBe('SUBMIT_AMBIGUOUS')
    expect(await two.build()).toBe('SUBMIT_AMBIGUOUS')
    expect(await one.resolve({ void: true })).toContain('does not count any more')
    expect(await two.build()).toBe('paid')
    expect(await one.build()).toBe('cached')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('an attempt whose owner cannot be read is told once, and settled for all', async () => {
    const { emulator, remote, fingerprint, machine } = await setUp()
    const [one, two] = [await machine(), await machine()]
    const shop = openShop(one.project, { baseUrl: emulator.url })
    const order = shop.order(one.project.path('hero.png'))
    expect(order.fingerprint).toBe(fingerprint)
    const folder = leaveAttempt(shop, order, {
      owner: '<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n',
      decided: 'commit 2026-11-22T20:00:00.000Z 1 here x\n',
    })
    makeOld(folder)
    const redis = await lookInto(remote)
    const countAttempts = async (): Promise<number> => {
      const keys = await redis.keys('*v1/journal/*/decided')
      return new Set(keys.map((key) => /\/(\d+)\/decided/.exec(key)?.[1])).size
    }
    for (let round = 0; round < 3; round++) {
      expect(await one.build()).toBe('SUBMIT_AMBIGUOUS')
      expect(await countAttempts()).toBe(1)
    }
    expect(await two.build()).toBe('SUBMIT_AMBIGUOUS')
    expect(await countAttempts()).toBe(1)
    expect(postsTo(emulator)).toBe(0)
    await one.resolve({ void: true, force: true })
    expect(await two.build()).toBe('paid')
    expect(await one.build()).toBe('cached')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('an owner that was garbled later is that of the attempt that all know', async () => {
    const { emulator, remote, machine } = await setUp({ status: 500, times: 1 })
    const one = await machine()
    expect(await one.build()).toBe('SUBMIT_AMBIGUOUS')
    const owner = one.project.list('.magnific/v1/journal').find((file) => file.endsWith('owner'))
    writeFileSync(owner ?? '', readFileSync(owner ?? '', 'utf8').replaceAll('"subject"', '<<<<'))
    const redis = await lookInto(remote)
    const before = await redis.keys('*')
    expect(await one.build()).toBe('SUBMIT_AMBIGUOUS')
    expect((await redis.keys('*')).toSorted()).toEqual(before.toSorted())
    await one.resolve({ void: true, force: true })
    expect(await (await machine()).build()).toBe('paid')
    expect(emulator.tasks).toHaveLength(1)
  })
})
