import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Emulator, SubmitFault } from '../../src/emulator/index.ts'
import { namesIn } from '../helpers/cache.ts'
import { readTree } from '../helpers/canary.ts'
import { simulateClock } from '../helpers/clock.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import {
  attemptFolder,
  leaveAttempt,
  openShop,
  pictureProject,
  readAttempts,
} from '../helpers/shop.ts'
import type { Shop } from '../helpers/shop.ts'

/** A purchase that has gone well, in a project of its own. */
async function buyHero(
  query = 'magnific=2x',
): Promise<{ emulator: Emulator; project: Project; shop: Shop }> {
  const emulator = await startEmulator()
  const project = await pictureProject()
  const shop = openShop(project, { baseUrl: emulator.url })
  await shop.buy(shop.order(project.path('hero.png'), query))
  return { emulator, project, shop }
}

describe('a purchase', () => {
  it('asks for the picture once, with its own bytes and only what was said', async () => {
    const { emulator, project } = await buyHero('magnific=4x&prompt=a+fox&hdr=-2')
    expect(emulator.tasks).toHaveLength(1)
    const png = readFileSync(project.path('hero.png'))
    expect(emulator.tasks[0]?.params).toEqual({ scale_factor: '4x', prompt: 'a fox', hdr: -2 })
    expect(emulator.tasks[0]?.source).toEqual({
      sha256: createHash('sha256').update(png).digest('hex'),
      bytes: png.length,
      width: 200,
      height: 160,
      format: 'png',
    })
    expect(emulator.tasks[0]?.headers).toMatchObject({
      'x-freepik-api-key': 'test-key-of-somebody',
      'content-type': 'application/json',
    })
    expect(emulator.calls.map(({ route, status }) => `${route} ${status}`)).toEqual([
      'submit 200',
      'status 200',
      'download 200',
    ])
  })

  it('leaves the record, the paid bytes and the journal, and nothing else', async () => {
    const { emulator, project, shop } = await buyHero()
    const order = shop.order(project.path('hero.png'))
    const { fingerprint } = order
    const record = await shop.context.records.find(fingerprint)
    const sha256 = record?.result.sha256 ?? ''
    const attempt = `journal/${fingerprint.slice(0, 2)}/${fingerprint}/0001`
    expect(Object.keys(readTree(project.path('.magnific/v1')))).toEqual([
      `blobs/${sha256.slice(0, 2)}/${sha256}`,
      `${attempt}/decided`,
      `${attempt}/outcome`,
      `${attempt}/response`,
      `${attempt}/task`,
      `results/${fingerprint.slice(0, 2)}/${fingerprint}.json`,
    ])

    const id = emulator.tasks[0]?.id
    const blob = readFileSync(shop.context.blobs.path(sha256))
    expect(createHash('sha256').update(blob).digest('hex')).toBe(sha256)
    expect(await describeImage(blob)).toEqual({ format: 'png', width: 400, height: 320 })
    const at = new Date(shop.clock.now()).toISOString()
    expect(record).toEqual({
      version: 1,
      fingerprint,
      service: 'local',
      params: { scale_factor: '2x' },
      source: {
        name: 'hero.png',
        sha256: order.sourceHash,
        bytes: readFileSync(order.file).length,
        width: 200,
        height: 160,
      },
      result: { sha256, bytes: blob.length, format: 'png', width: 400, height: 320 },
      task: id,
      seconds: expect.any(Number),
      completedAt: at,
    })

    const { decided = '', response = '', ...rest } = readAttempts(shop, order)['0001'] ?? {}
    expect(decided).toBe(`commit 2026-01-01T00:00:00.000Z ${process.pid} ${hostname()}\n`)
    const [head, body = ''] = response.split('\n\n')
    expect(head).toBe('HTTP 200')
    expect(JSON.parse(body)).toEqual({ data: { generated: [], task_id: id, status: 'CREATED' } })
    expect(rest.task).toBe(`${id}\n`)
    expect(JSON.parse(rest.outcome ?? '')).toEqual({ kind: 'completed', sha256, at })
    expect(Object.keys(rest)).toEqual(['outcome', 'task'])
  })

  it('tells what it did and what it cost, as an estimate', async () => {
    const emulator = await startEmulator()
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const { from, estimate } = await shop.buy(shop.order(project.path('hero.png'), 'magnific=4x'))
    expect([from, estimate]).toEqual(['paid', 0.2])
    expect(shop.phases.map(({ kind }) => kind)).toEqual(['submitting', 'upscaling', 'downloading'])
    expect(shop.phases.every((phase) => phase.estimate === 0.2)).toBe(true)
    expect(shop.warnings).toEqual([])
  })

  it('has `decided` on the disk when the task is accepted, and `task` before its first status call', async () => {
    const seen: Record<string, string[]> = {}
    const project = await pictureProject()
    const look = (): string[] => namesIn(attemptFolder(shop, order))
    const emulator = await startEmulator({
      latency: () => {
        seen['accepted'] = look()
        return 0
      },
      faults: [{ route: 'status', when: () => Boolean((seen['asked'] ??= look())), times: 0 }],
    })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await shop.buy(order)
    expect(seen).toEqual({
      accepted: ['decided'],
      asked: ['decided', 'response', 'task'],
    })
  })

  it('warns about a small picture and buys it all the same', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'icon.png': await makePng() })
    const shop = openShop(project, { baseUrl: emulator.url })
    await shop.buy(shop.order(project.path('icon.png')))
    expect(shop.warnings).toEqual([expect.stringContaining('60×40')])
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([
    ['no picture', 'text', 'SOURCE_REFUSED'],
    ['too large a result', undefined, 'OUTPUT_TOO_LARGE'],
  ])('of %s is refused before anything is sent', async (_, content, code) => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'hero.png': content ?? (await makePng({ width: 700, height: 700 })),
    })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'), 'magnific=8x')
    expect((await errorOf(async () => shop.buy(order))).code).toBe(code)
    expect(emulator.calls).toHaveLength(0)
    expect(readAttempts(shop, order)).toEqual({})
  })
})

describe('a task that fails', () => {
  const failing: SubmitFault = { route: 'submit', outcome: 'FAILED', error: 'NSFW content' }

  it('is written down, told, and not bought again', async () => {
    const emulator = await startEmulator({ faults: [failing] })
    const project = await pictureProject()
    for (let build = 0; build < 3; build++) {
      const shop = openShop(project, { baseUrl: emulator.url })
      const order = shop.order(project.path('hero.png'))
      const error = await errorOf(async () => shop.buy(order))
      expect(error.code).toBe('TASK_FAILED')
      expect(error.message).toContain('"NSFW content"')
      expect(error.message).toContain(emulator.tasks[0]?.id)
      expect(error.message).toContain(`delete ${attemptFolder(shop, order)}`)
      const { outcome = '' } = readAttempts(shop, order)['0001'] ?? {}
      expect(JSON.parse(outcome)).toMatchObject({ kind: 'failed' })
      expect(await shop.context.records.find(order.fingerprint)).toBeUndefined()
    }
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.calls.filter(({ route }) => route === 'status')).toHaveLength(1)
  })

  it('is bought again once its folder is deleted, as the message says', async () => {
    const emulator = await startEmulator({ faults: [{ ...failing, times: 1 }] })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    const { message } = await errorOf(async () => shop.buy(order))
    rmSync(/delete (\S+) to submit/.exec(message)?.[1] ?? '', { recursive: true })
    const { from } = await openShop(project, { baseUrl: emulator.url }).buy(order)
    expect(from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
  })

  it('does not keep another request for the same picture from being bought', async () => {
    const emulator = await startEmulator({ faults: [{ ...failing, times: 1 }] })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    await shop.buy(shop.order(project.path('hero.png'), 'magnific=2x&hdr=1'))
    expect(emulator.tasks).toHaveLength(2)
  })
})

describe('a build that ended in between', () => {
  const decided = 'commit 2026-01-01T00:00:00.000Z\n'
  const accepted = (id: string): string =>
    `HTTP 200\n\n${JSON.stringify({ data: { generated: [], task_id: id, status: 'CREATED' } })}`

  /** A project whose picture was bought by a build of which only the given files are left. */
  async function crashed(
    files: (id: string) => Record<string, string>,
  ): Promise<{ emulator: Emulator; project: Project; shop: Shop; folder: string }> {
    const { emulator, project, shop: first } = await buyHero()
    const order = first.order(project.path('hero.png'))
    rmSync(project.path('.magnific'), { recursive: true })
    const shop = openShop(project, { baseUrl: emulator.url })
    const folder = leaveAttempt(shop, order, files(emulator.tasks[0]?.id ?? ''))
    return { emulator, project, shop, folder }
  }

  it('before `decided` has bought nothing: the next one buys', async () => {
    const { emulator, project, shop } = await crashed(() => ({}))
    const order = shop.order(project.path('hero.png'))
    expect((await shop.buy(order)).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
    expect(Object.keys(readAttempts(shop, order)['0001'] ?? {})).toHaveLength(4)
  })

  it('just after `decided` may still be running: the next one waits for its answer, then asks a person', async () => {
    const now = new Date().toISOString()
    const { emulator, project, shop } = await crashed(() => ({ decided: `commit ${now}\n` }))
    const order = shop.order(project.path('hero.png'))
    const startedAt = shop.clock.now()
    const error = await errorOf(async () => shop.buy(order))
    expect(error.code).toBe('SUBMIT_AMBIGUOUS')
    expect(shop.clock.now() - startedAt).toBeGreaterThanOrEqual(120_000)
    expect(shop.clock.now() - startedAt).toBeLessThan(300_000)
    expect(shop.warnings).toEqual([
      expect.stringContaining('Another build submitted the same image'),
    ])
    expect(postsTo(emulator)).toBe(1)
  })

  it('and whose process is gone is not waited for', async () => {
    const { status, pid } = spawnSync(process.execPath, ['-e', ''])
    expect(status).toBe(0)
    const gone = (at: string): string => `commit ${at} ${pid} ${hostname()}\n`
    const { emulator, project, shop } = await crashed(() => ({
      decided: gone(new Date(simulateClock().now()).toISOString()),
    }))
    const startedAt = shop.clock.now()
    const order = shop.order(project.path('hero.png'))
    expect((await errorOf(async () => shop.buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
    expect(shop.clock.now()).toBe(startedAt)
    expect(postsTo(emulator)).toBe(1)
  })

  it.each([
    ['runs', `${process.pid} ${hostname()}`],
    ['may run on another machine', '999999999 elsewhere'],
  ])('and whose process %s is waited for, and its task taken up', async (_, who) => {
    const { emulator, project, shop, folder } = await crashed(() => ({
      decided: `commit ${new Date(simulateClock().now()).toISOString()} ${who}\n`,
    }))
    const clock = simulateClock({
      onSleep: () => writeFileSync(join(folder, 'response'), accepted(emulator.tasks[0]?.id ?? '')),
    })
    const next = openShop(project, { baseUrl: emulator.url, clock })
    expect((await next.buy(shop.order(project.path('hero.png')))).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('after `decided` may have bought: the next one asks a person', async () => {
    const { emulator, project, shop, folder } = await crashed(() => ({ decided }))
    const order = shop.order(project.path('hero.png'))
    for (let build = 0; build < 2; build++) {
      const error = await errorOf(async () => shop.buy(order))
      expect(error.code).toBe('SUBMIT_AMBIGUOUS')
      expect(error.message).toContain('2026-01-01T00:00:00.000Z')
      expect(error.message).toContain(`${folder}/task`)
      expect(error.message).toContain(`delete ${folder}`)
    }
    expect(postsTo(emulator)).toBe(1)
    expect(namesIn(folder)).toEqual(['decided'])
  })

  it.each([
    ['`response`', (id: string) => ({ decided, response: accepted(id) })],
    ['`task`', (id: string) => ({ decided, response: accepted(id), task: `${id}\n` })],
    [
      '`outcome` and before the record',
      (id: string) => ({
        decided,
        response: accepted(id),
        task: `${id}\n`,
        outcome: `${JSON.stringify({ kind: 'completed', sha256: 'f'.repeat(64), at: '2026' })}\n`,
      }),
    ],
  ])('after %s has paid: the next one takes the task up', async (_, files) => {
    const { emulator, project, shop, folder } = await crashed(files)
    const order = shop.order(project.path('hero.png'))
    const { from, estimate, record } = await shop.buy(order)
    expect([from, estimate]).toEqual(['resumed', 0])
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(await shop.context.records.find(order.fingerprint)).toEqual(record)
    expect(existsSync(shop.context.blobs.path(record.result.sha256))).toBe(true)
    expect(postsTo(emulator)).toBe(1)
    expect(namesIn(folder)).toEqual(['decided', 'outcome', 'response', 'task'])
    expect(readFileSync(join(folder, 'task'), 'utf8').trim()).toBe(emulator.tasks[0]?.id)
  })

  it.each([
    ['the task in the answer', (id: string) => ({ response: accepted(id) }), 'resumed'],
    [
      'the task beside a refusal',
      (id: string) => ({ task: id, outcome: '{"kind":"rejected","at":""}' }),
      'resumed',
    ],
    [
      'an outcome of two, as git merges them',
      (id: string) => ({ response: accepted(id), outcome: '<<<<<<< ours\n' }),
      'resumed',
    ],
  ])('of whose journal only %s is left has paid', async (_, files, from) => {
    const { emulator, project, shop } = await crashed(files)
    expect((await shop.buy(shop.order(project.path('hero.png')))).from).toBe(from)
    expect(postsTo(emulator)).toBe(1)
  })

  it('of whose journal only the outcome is left has paid: the next one asks a person', async () => {
    const { emulator, project, shop } = await crashed(() => ({
      outcome: JSON.stringify({ kind: 'completed', sha256: 'f'.repeat(64), at: '2026' }),
    }))
    const error = await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    expect(error.code).toBe('SUBMIT_AMBIGUOUS')
    expect(postsTo(emulator)).toBe(1)
  })

  // Two machines that were refused, and whose caches git has merged.
  it('beside an outcome that cannot be read is bought where its answer was a refusal', async () => {
    const { emulator, project, shop } = await crashed(() => ({
      decided,
      response: 'HTTP 400\n\n{"message":"no"}',
      outcome: '<<<<<<< ours\n',
    }))
    expect((await shop.buy(shop.order(project.path('hero.png')))).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
  })

  it.each([
    ...[400, 401, 402, 403, 413, 422, 429].map((status) => `HTTP ${status}\n\n{"message":"no"}`),
    'HTTP 503\n\n{"message":"Service Unavailable. Please try again later."}',
  ])('after the response %j has paid nothing: the next one buys', async (response) => {
    const { emulator, project, shop } = await crashed(() => ({ decided, response }))
    const order = shop.order(project.path('hero.png'))
    expect((await shop.buy(order)).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
    expect(Object.keys(readAttempts(shop, order))).toEqual(['0001', '0002'])
  })

  it.each([
    'HTTP 500\n\n',
    'HTTP 302\n\n',
    'HTTP 503\n\n<html>',
    'HTTP 502\n\n<html>',
    'HTTP 200\n\nnot JSON',
    'HTTP 200\n\n',
    'torn',
    '',
  ])('after the response %j may have bought: the next one asks a person', async (response) => {
    const { emulator, project, shop } = await crashed(() => ({ decided, response }))
    const order = shop.order(project.path('hero.png'))
    expect((await errorOf(async () => shop.buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
    expect(postsTo(emulator)).toBe(1)
  })

  it('while it waited has paid: the next one goes on waiting, and pays nothing', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const project = await pictureProject()
    const first = openShop(project, { baseUrl: emulator.url, deadline: 60_000 })
    const order = first.order(project.path('hero.png'))
    expect((await errorOf(async () => first.buy(order))).code).toBe('TASK_PENDING')
    emulator.complete()
    const { from, record } = await openShop(project, { baseUrl: emulator.url }).buy(order)
    expect(from).toBe('resumed')
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(1)
  })

  it('and whose task fails meanwhile is told so once, by the API, and then from the journal', async () => {
    const emulator = await startEmulator({
      latency: Infinity,
      faults: [{ route: 'submit', outcome: 'FAILED', error: null }],
    })
    const project = await pictureProject()
    const first = openShop(project, { baseUrl: emulator.url, deadline: 60_000 })
    const order = first.order(project.path('hero.png'))
    await errorOf(async () => first.buy(order))
    emulator.complete()
    for (let build = 0; build < 2; build++) {
      const shop = openShop(project, { baseUrl: emulator.url })
      expect((await errorOf(async () => shop.buy(order))).code).toBe('TASK_FAILED')
    }
    expect(postsTo(emulator)).toBe(1)
  })
})

describe('a disk that takes no more', () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

  /** Buys with a journal that fails at one step; the next build has its disk back. */
  async function buyWithout(step: 'commit' | 'writeResponse' | 'writeTask' | 'writeOutcome') {
    const emulator = await startEmulator()
    const project = await pictureProject()
    const { journal } = openShop(project, { baseUrl: emulator.url }).context
    const broken = {
      ...journal,
      [step]: async () => {
        throw full
      },
    }
    const shop = openShop(project, { baseUrl: emulator.url, journal: broken })
    const order = shop.order(project.path('hero.png'))
    const error: unknown = await shop.buy(order).catch((thrown: unknown) => thrown)
    await emulator.until(() => emulator.calls.every(({ over }) => over))
    const left = namesIn(attemptFolder(shop, order))
    const next = openShop(project, { baseUrl: emulator.url })
    return { emulator, error, left, buyNext: async () => next.buy(order) }
  }

  it('before the last byte buys nothing', async () => {
    const { emulator, error, left, buyNext } = await buyWithout('commit')
    expect(error).toBe(full)
    expect([left, emulator.tasks.length]).toEqual([[], 0])
    expect((await buyNext()).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('after the last byte leaves a question to a person, and is not paid twice', async () => {
    const { emulator, error, left, buyNext } = await buyWithout('writeResponse')
    expect(error).toMatchObject({ code: 'JOURNAL_FAILED' })
    expect(String(error)).toContain(`task ${emulator.tasks[0]?.id} is paid for`)
    expect([left, emulator.tasks.length]).toEqual([['decided'], 1])
    expect((await errorOf(buyNext)).code).toBe('SUBMIT_AMBIGUOUS')
    expect(postsTo(emulator)).toBe(1)
  })

  it('after the answer leaves what the next build needs to take the task up', async () => {
    const { emulator, error, left, buyNext } = await buyWithout('writeTask')
    expect(error).toMatchObject({ code: 'JOURNAL_FAILED' })
    expect(left).toEqual(['decided', 'response'])
    expect((await buyNext()).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('after the download leaves what the next build needs to take the task up', async () => {
    const { emulator, left, buyNext } = await buyWithout('writeOutcome')
    expect(left).toEqual(['decided', 'response', 'task'])
    expect((await buyNext()).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })
})

describe('an abort', () => {
  const reason = new Error('The build is over.')

  it('before anything is sent buys nothing', async () => {
    const emulator = await startEmulator()
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(emulator.calls).toHaveLength(0)
  })

  it('while the picture is on its way buys nothing, and the next build buys it', async () => {
    const controller = new AbortController()
    const emulator = await startEmulator({
      faults: [{ route: 'submit', when: () => Boolean(controller.abort(reason)), times: 1 }],
    })
    const project = tmpProject({ 'hero.png': await makePng({ width: 1000, height: 1000 }) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
    await emulator.until(() => emulator.calls[0]?.over)
    expect(emulator.tasks).toHaveLength(0)
    expect(readAttempts(shop, order)).toEqual({ '0001': {} })
    await openShop(project, { baseUrl: emulator.url }).buy(order)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('after the last byte still waits for the answer, so that the task is not lost', async () => {
    const controller = new AbortController()
    const emulator = await startEmulator({
      latency: () => {
        controller.abort(reason)
        return 0
      },
    })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
    expect(namesIn(attemptFolder(shop, order))).toEqual(['decided', 'response', 'task'])
    const { from } = await openShop(project, { baseUrl: emulator.url }).buy(order)
    expect(from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it.each(['status', 'download'] as const)(
    'while the answer to a %s call is awaited leaves the task for the next build',
    async (route) => {
      const controller = new AbortController()
      const emulator = await startEmulator({ faults: [{ route, hang: true, times: 1 }] })
      const project = await pictureProject()
      const shop = openShop(project, { baseUrl: emulator.url })
      const order = shop.order(project.path('hero.png'))
      const buying = expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
      await emulator.until(() => emulator.calls.at(-1)?.route === route)
      controller.abort(reason)
      await buying
      expect(namesIn(shop.layout.tmp)).toEqual([])
      const { from } = await openShop(project, { baseUrl: emulator.url }).buy(order)
      expect(from).toBe('resumed')
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it('while it waits to try again buys nothing', async () => {
    const controller = new AbortController()
    const clock = simulateClock({ onSleep: () => controller.abort(reason) })
    const emulator = await startEmulator({ faults: [{ route: 'submit', status: 503 }] })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url, clock })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(0)
  })
})

describe('a result that was stored and is lost', () => {
  it('is fetched again by the task of its record where the journal is gone, too', async () => {
    const { emulator, project, shop } = await buyHero()
    const order = shop.order(project.path('hero.png'))
    const knownTask = emulator.tasks[0]?.id ?? ''
    rmSync(project.path('.magnific'), { recursive: true })
    const next = openShop(project, { baseUrl: emulator.url })
    const { from, record } = await next.buy({ ...order, knownTask })
    expect(from).toBe('resumed')
    expect(record.task).toBe(knownTask)
    expect(postsTo(emulator)).toBe(1)
    expect(readAttempts(next, order)).toEqual({})
  })

  it('is not bought again where the API has forgotten the task', async () => {
    const { emulator, project, shop } = await buyHero()
    const order = shop.order(project.path('hero.png'))
    const id = emulator.tasks[0]?.id ?? ''
    writeFileSync(join(attemptFolder(shop, order), 'task'), `${id.replace(/^./, 'x')}\n`)
    const next = openShop(project, { baseUrl: emulator.url })
    const error = await errorOf(async () => next.buy(order))
    expect(error.code).toBe('TASK_UNKNOWN')
    expect(error.message).toContain(`delete ${attemptFolder(shop, order)}:`)
    expect(postsTo(emulator)).toBe(1)
    const again = { ...order, knownTask: id }
    const { message } = await errorOf(async () => next.buy(again))
    expect(message).toContain(
      `delete ${attemptFolder(shop, order)} and ${shop.context.records.path(order.fingerprint)}:`,
    )
  })
})
