import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { namesIn } from '../helpers/cache.ts'
import { simulateClock } from '../helpers/clock.ts'
import type { SimulatedClock, SimulatedClockSettings } from '../helpers/clock.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { processOf, spawnSleeper } from '../helpers/processes.ts'
import type { Project } from '../helpers/project.ts'
import {
  abandoned,
  attemptFolder,
  describeOwner,
  leaveAttempt,
  openShop,
  pictureProject,
  readAttempts,
} from '../helpers/shop.ts'
import type { Shop, ShopSettings } from '../helpers/shop.ts'

const pause = 500
const minute = 60_000

/** A project with one picture, an API, and somebody who wants the picture. */
async function open(): Promise<{
  emulator: Emulator
  project: Project
  /** @param onSleep what happens while they wait */
  start: (
    onSleep?: SimulatedClockSettings['onSleep'],
    settings?: Partial<ShopSettings>,
  ) => Shop & { file: string; clock: SimulatedClock }
}> {
  const emulator = await startEmulator()
  const project = await pictureProject()
  return {
    emulator,
    project,
    start: (onSleep, settings) => {
      const clock = simulateClock({ onSleep })
      const shop = openShop(project, { baseUrl: emulator.url, clock, ...settings })
      return { ...shop, clock, file: project.path('hero.png') }
    },
  }
}

/** Has the heart of an owner beat, by a clock of its own. */
function beat(folder: string, index: number): void {
  utimesSync(join(folder, 'owner'), 2e9 + index, 2e9 + index)
}

/** Whoever owns an attempt and comes to its last byte waits there until it is let go. */
function holdBack({ context }: Shop): { journal: Shop['context']['journal']; letGo: () => void } {
  const { journal } = context
  let letGo = (): void => {}
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const commit: typeof journal.commit = async (...args) => {
    await gate
    return journal.commit(...args)
  }
  return { journal: { ...journal, commit }, letGo: () => letGo() }
}

/** The waits for an owner, in all. */
function waitedFor({ slept }: SimulatedClock): number {
  return slept.filter((ms) => ms === pause).length * pause
}

// The questions about a task are out of step by chance: none of their waits is to be as long as those for an owner.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.3))

describe('an attempt that somebody else owns', () => {
  it('is waited for while its owner lives, however long, and its task is followed', async () => {
    const { emulator, start } = await open()
    const self = processOf({ pid: 77, host: 'elsewhere' })
    const { journal, letGo } = holdBack(start(undefined, { self }))
    const first = start(undefined, { journal, self })
    const order = first.order(first.file)
    const buying = first.buy(order)
    await emulator.until(() => emulator.calls.some(({ route }) => route === 'submit'))
    const second = start(async (_, index) => {
      beat(attemptFolder(first, order), index)
      if (index < 400) return
      letGo()
      await buying
    })
    const { from, record } = await second.buy(order)
    expect(from).toBe('resumed')
    expect((await buying).from).toBe('paid')
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(second.warnings).toEqual([
      `Another build (process 77 on elsewhere) is submitting ${order.file}; waiting for it.`,
    ])
    expect(second.phases.map(({ kind }) => kind)).toContain('waiting')
    expect(waitedFor(second.clock)).toBeGreaterThan(3 * minute)
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(1)
    expect(Object.keys(readAttempts(first, order))).toEqual(['0001'])
  })

  it('is given up as soon as the process of its owner is killed, and bought once', async () => {
    const { emulator, start } = await open()
    const sleeper = await spawnSleeper()
    const shop = start(async (_, index) => (index === 3 ? sleeper.kill() : undefined))
    const order = shop.order(shop.file)
    leaveAttempt(shop, order, { owner: await describeOwner(shop, order, sleeper) })
    expect((await shop.buy(order)).from).toBe('paid')
    expect(waitedFor(shop.clock)).toBe(4 * pause)
    expect(readAttempts(shop, order)['0001']).toEqual(abandoned)
    expect(Object.keys(readAttempts(shop, order))).toEqual(['0001', '0002'])
    expect(shop.warnings).toEqual([expect.stringContaining(`process ${sleeper.pid} on`)])
    expect(postsTo(emulator)).toBe(1)
  })

  const places = [
    ['in another container', { namespace: 'pid:[1]' }],
    ['on another machine', { host: 'elsewhere' }],
    ['of another boot', { boot: 'another' }],
  ] as const

  it.each(places)('%s is given up when its heart has stood still for a minute', async (_, who) => {
    const { emulator, start } = await open()
    const shop = start()
    const order = shop.order(shop.file)
    leaveAttempt(shop, order, { owner: await describeOwner(shop, order, who) })
    expect((await shop.buy(order)).from).toBe('paid')
    expect(waitedFor(shop.clock)).toBe(minute)
    expect(readAttempts(shop, order)['0001']).toEqual(abandoned)
    expect(postsTo(emulator)).toBe(1)
  })

  it.each(places)('%s is waited for while its heart beats, seldom as it may', async (_, who) => {
    const { emulator, start } = await open()
    const shop = start((__, index) => {
      if (index % 100 === 0 && index <= 400) beat(folder, index)
    })
    const order = shop.order(shop.file)
    const owner = await describeOwner(shop, order, who)
    const folder = leaveAttempt(shop, order, { owner })
    expect((await shop.buy(order)).from).toBe('paid')
    expect(waitedFor(shop.clock)).toBeGreaterThanOrEqual(400 * pause + minute)
    expect(waitedFor(shop.clock)).toBeLessThan(400 * pause + minute + 5 * pause)
    expect(postsTo(emulator)).toBe(1)
  })

  it('is waited for twice as long each time that one was given up', async () => {
    const { emulator, start } = await open()
    const shop = start()
    const order = shop.order(shop.file)
    const owner = await describeOwner(shop, order, { host: 'elsewhere' })
    leaveAttempt(shop, order, { owner, decided: 'abandon 2026\n' }, 1)
    leaveAttempt(shop, order, { owner, decided: 'abandon 2026\n' }, 2)
    leaveAttempt(shop, order, { owner }, 3)
    expect((await shop.buy(order)).from).toBe('paid')
    expect(waitedFor(shop.clock)).toBe(4 * minute)
    expect(Object.keys(readAttempts(shop, order))).toEqual(['0001', '0002', '0003', '0004'])
    expect(postsTo(emulator)).toBe(1)
  })

  it('is given up at once where its heart stood still hours ago', async () => {
    const { emulator, start } = await open()
    const shop = start()
    const order = shop.order(shop.file)
    const owner = await describeOwner(shop, order, { host: 'elsewhere' })
    const folder = leaveAttempt(shop, order, { owner })
    const hoursAgo = shop.clock.now() / 1000 - 2 * 60 * 60
    utimesSync(join(folder, 'owner'), hoursAgo, hoursAgo)
    expect((await shop.buy(order)).from).toBe('paid')
    expect(waitedFor(shop.clock)).toBe(0)
    expect(shop.warnings).toEqual([])
    expect(postsTo(emulator)).toBe(1)
  })

  it('by a file that nobody can read is given up after a minute as well', async () => {
    const { emulator, start } = await open()
    const shop = start()
    const order = shop.order(shop.file)
    leaveAttempt(shop, order, { owner: '{"pid":' })
    expect((await shop.buy(order)).from).toBe('paid')
    expect(waitedFor(shop.clock)).toBe(minute)
    expect(shop.warnings).toEqual([`Another build is submitting ${order.file}; waiting for it.`])
    expect(postsTo(emulator)).toBe(1)
  })

  it('is bought by who waits when its owner gives up', async () => {
    const { emulator, start } = await open()
    const { journal } = start().context
    const order = start().order(start().file)
    const attempt = await journal.open(order.fingerprint)
    const { subject } = JSON.parse(await describeOwner(start(), order))
    const stop = await journal.claim(attempt, subject, new Date(0))
    const second = start(async (_, index) => {
      if (index === 2) await journal.abandon(attempt, new Date(0))
      stop?.()
    })
    expect((await second.buy(order)).from).toBe('paid')
    expect(waitedFor(second.clock)).toBe(3 * pause)
    expect(postsTo(emulator)).toBe(1)
  })

  it('is left to its owner by a build that is aborted while it waits', async () => {
    const reason = new Error('The build is over.')
    const controller = new AbortController()
    const { emulator, start } = await open()
    const shop = start((_, index) => index === 5 && controller.abort(reason))
    const order = shop.order(shop.file)
    const owner = await describeOwner(shop, order, { host: 'elsewhere' })
    const folder = leaveAttempt(shop, order, { owner })
    await expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
    expect(namesIn(folder)).toEqual(['owner'])
    expect(postsTo(emulator)).toBe(0)
  })
})

describe('an owner that was given up by mistake', () => {
  it('breaks off before its last byte, and follows the one task that was accepted', async () => {
    const { emulator, start } = await open()
    const { journal, letGo } = holdBack(start())
    const slow = start(undefined, { journal })
    const order = slow.order(slow.file)
    const buying = slow.buy(order)
    await emulator.until(() => emulator.calls.some(({ route }) => route === 'submit'))
    // A minute of its clock is a moment of ours: no heart beats that fast.
    const second = start()
    expect((await second.buy(order)).from).toBe('paid')
    expect(waitedFor(second.clock)).toBe(minute)
    expect(emulator.tasks).toHaveLength(1)
    letGo()
    const { from, estimate, record } = await buying
    expect([from, estimate]).toEqual(['resumed', 0])
    expect(record.task).toBe(emulator.tasks[0]?.id)
    await emulator.until(() => emulator.calls.every(({ over }) => over))
    expect(postsTo(emulator)).toBe(2)
    expect(emulator.tasks).toHaveLength(1)
    const attempts = readAttempts(slow, order)
    expect(attempts['0001']).toEqual(abandoned)
    expect(Object.keys(attempts['0002'])).toEqual([
      'decided',
      'outcome',
      'owner',
      'response',
      'task',
    ])
  })

  it('counts nothing against the budget of its build', async () => {
    const { emulator, start } = await open()
    const { journal, letGo } = holdBack(start())
    // The other one's counts, and so would its own that was given up.
    const slow = start(undefined, { journal, limits: { tasks: 2 } })
    const order = slow.order(slow.file)
    const buying = slow.buy(order)
    await emulator.until(() => emulator.calls.some(({ route }) => route === 'submit'))
    const second = start(undefined, { self: processOf({ host: 'elsewhere' }) })
    await second.buy(order)
    letGo()
    expect((await buying).from).toBe('resumed')
    expect((await slow.buy(slow.order(slow.file, 'magnific=4x'))).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
  })
})

describe('a heart', () => {
  it('beats every five seconds while an attempt is owned', async () => {
    const { start } = await open()
    const shop = start()
    const order = shop.order(shop.file)
    const { journal } = shop.context
    const attempt = await journal.open(order.fingerprint)
    const { subject } = JSON.parse(await describeOwner(shop, order))
    const stop = await journal.claim(attempt, subject, new Date(0))
    utimesSync(join(attempt.folder, 'owner'), 1000, 1000)
    await expect
      .poll(async () => (await journal.reread(attempt)).beat, { timeout: 8000 })
      .toBeGreaterThan(1_000_000)
    stop?.()
  })
})
