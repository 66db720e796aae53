import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import type { ProcessIdentity } from '../../src/store/liveness.ts'
import { namesIn } from '../helpers/cache.ts'
import { simulateClock } from '../helpers/clock.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { spawnEnded, spawnSleeper } from '../helpers/processes.ts'
import type { Project } from '../helpers/project.ts'
import {
  abandoned,
  commandFor,
  describeOwner,
  leaveAttempt,
  openShop,
  pictureProject,
  readAttempts,
} from '../helpers/shop.ts'
import type { Shop } from '../helpers/shop.ts'

describe('a build that ended in between', () => {
  const decided = 'commit 2026-01-01T00:00:00.000Z\n'
  const elsewhere = { pid: 999_999_999, host: 'elsewhere' }
  const accepted = (id: string): string =>
    `HTTP 200\n\n${JSON.stringify({ data: { generated: [], task_id: id, status: 'CREATED' } })}`

  /** A project whose picture was bought by a build of which only the given files are left. */
  async function crashed(
    files: (id: string) => Record<string, string>,
    who?: Partial<ProcessIdentity>,
  ): Promise<{ emulator: Emulator; project: Project; shop: Shop; folder: string }> {
    const emulator = await startEmulator()
    const project = await pictureProject()
    const first = openShop(project, { baseUrl: emulator.url })
    await first.buy(first.order(project.path('hero.png')))
    const order = first.order(project.path('hero.png'))
    rmSync(project.path('.magnific'), { recursive: true })
    const shop = openShop(project, { baseUrl: emulator.url })
    const owner = who && { owner: await describeOwner(shop, order, who) }
    const folder = leaveAttempt(shop, order, { ...owner, ...files(emulator.tasks[0]?.id ?? '') })
    return { emulator, project, shop, folder }
  }

  it('before `owner` has bought nothing: the next one buys', async () => {
    const { emulator, project, shop } = await crashed(() => ({}))
    const order = shop.order(project.path('hero.png'))
    expect((await shop.buy(order)).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
    expect(Object.keys(readAttempts(shop, order)['0001'] ?? {})).toHaveLength(5)
  })

  it('before `decided` has bought nothing: the next one gives its attempt up, and buys', async () => {
    const { emulator, project, shop } = await crashed(() => ({}), spawnEnded())
    const order = shop.order(project.path('hero.png'))
    expect((await shop.buy(order)).from).toBe('paid')
    expect(shop.clock.slept).not.toContain(500)
    expect(emulator.tasks).toHaveLength(2)
    const attempts = readAttempts(shop, order)
    expect(attempts['0001']).toEqual(abandoned)
    expect(Object.keys(attempts['0002'] ?? {})).toHaveLength(5)
  })

  it.each([
    ['goes on beating', true, 150_000],
    ['stands still', false, 60_000],
  ])(
    'just after `decided` may still be running: while its heart %s the next one waits for its answer, then asks a person',
    async (_, beats, patience) => {
      const { emulator, project, shop, folder } = await crashed(() => ({ decided }), elsewhere)
      const clock = simulateClock({
        onSleep: (__, index) =>
          beats && utimesSync(join(folder, 'owner'), 2e9 + index, 2e9 + index),
      })
      const next = openShop(project, { baseUrl: emulator.url, clock })
      const startedAt = clock.now()
      const order = shop.order(project.path('hero.png'))
      expect((await errorOf(async () => next.buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
      expect(clock.now() - startedAt).toBeGreaterThanOrEqual(patience)
      expect(clock.now() - startedAt).toBeLessThan(patience + 2000)
      expect(next.warnings).toEqual([
        `Another build submitted ${order.file} at 2026-01-01T00:00:00.000Z; waiting for the answer to it.`,
      ])
      expect(postsTo(emulator)).toBe(1)
      expect(namesIn(folder)).toEqual(['decided', 'owner'])
    },
  )

  it('and whose process is gone is not waited for', async () => {
    const { emulator, project, shop } = await crashed(() => ({ decided }), spawnEnded())
    const startedAt = shop.clock.now()
    const order = shop.order(project.path('hero.png'))
    expect((await errorOf(async () => shop.buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
    expect(shop.clock.now()).toBe(startedAt)
    expect(postsTo(emulator)).toBe(1)
  })

  it.each([
    ['runs', {}],
    ['may run on another machine', elsewhere],
    ['may run in another container', { namespace: 'pid:[1]' }],
  ])('and whose process %s is waited for, and its task taken up', async (_, who) => {
    const { emulator, project, shop, folder } = await crashed(() => ({ decided }), who)
    const clock = simulateClock({
      onSleep: () => writeFileSync(join(folder, 'response'), accepted(emulator.tasks[0]?.id ?? '')),
    })
    const next = openShop(project, { baseUrl: emulator.url, clock })
    expect((await next.buy(shop.order(project.path('hero.png')))).from).toBe('resumed')
    expect(clock.slept[0]).toBe(500)
    expect(postsTo(emulator)).toBe(1)
  })

  it('and wrote its answer just before its process was gone is taken up', async () => {
    const sleeper = await spawnSleeper()
    const { emulator, project, shop, folder } = await crashed(() => ({ decided }), sleeper)
    const clock = simulateClock({
      onSleep: async () => {
        writeFileSync(join(folder, 'response'), accepted(emulator.tasks[0]?.id ?? ''))
        await sleeper.kill()
      },
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
      expect(error.message).toContain(commandFor(order, 'resolve', ' --adopt <task id>'))
      expect(error.message).toContain(commandFor(order, 'resolve', ' --void'))
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
      'the task beside an abandon',
      (id: string) => ({ task: id, decided: 'abandon 2026-01-01T00:00:00.000Z\n' }),
      'resumed',
    ],
    [
      'the answer beside an abandon',
      (id: string) => ({
        response: accepted(id),
        decided: 'abandon 2026-01-01T00:00:00.000Z\n',
      }),
      'resumed',
    ],
    [
      'the task beside a refusal',
      (id: string) => ({ task: id, outcome: '{"kind":"rejected","at":""}' }),
      'resumed',
    ],
    [
      'the answer beside a refusal',
      (id: string) => ({
        decided,
        response: accepted(id),
        outcome: '{"kind":"rejected","at":""}',
      }),
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

  it.each(['', '<<<<<<< ours\n'])(
    'of whose journal the task cannot be read has paid, and the answer tells it: %j',
    async (task) => {
      const { emulator, project, shop, folder } = await crashed((id) => ({
        decided,
        response: accepted(id),
        task,
      }))
      const { from, record } = await shop.buy(shop.order(project.path('hero.png')))
      expect([from, record.task]).toEqual(['resumed', emulator.tasks[0]?.id])
      expect(readFileSync(join(folder, 'task'), 'utf8')).toBe(`${record.task}\n`)
      expect(postsTo(emulator)).toBe(1)
    },
  )

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
