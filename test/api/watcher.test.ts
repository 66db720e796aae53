import { describe, expect, it } from 'vitest'
import { createWatcher } from '../../src/api/watcher.ts'
import type { Watcher } from '../../src/api/watcher.ts'
import { watcherOf } from '../../src/api/watchers.ts'
import { createTaskList } from '../../src/purchase/task-list.ts'
import { simulateClock, virtualClock } from '../helpers/clock.ts'
import {
  answerWith,
  drawLognormal,
  listPage,
  seededRandom,
  simulateClient,
  waitForWorld,
} from '../helpers/simulated-api.ts'
import type { SimulatedTask } from '../helpers/simulated-api.ts'

/** Median 20 s, 95th percentile 60 s. */
const sigma = Math.log(3) / 1.645
const seeds = [1, 2, 3]

function repeat(count: number, seconds: number): number[] {
  return Array.from({ length: count }, () => seconds)
}

describe('without a list', () => {
  it.each(seeds)(
    'learns when to ask about 1,000 tasks that it knows nothing of, seed %i',
    async (seed) => {
      const durations = drawLognormal(1000, 20, sigma, seed)
      const { lag, statusCalls, listCalls } = await waitForWorld({ durations, list: false, seed })
      expect(lag).toBeLessThanOrEqual(1.8)
      expect(statusCalls).toBeLessThanOrEqual(7)
      // Nothing can be below 10.67 but by luck.
      expect(lag * statusCalls).toBeLessThanOrEqual(11.7)
      expect(lag * statusCalls).toBeGreaterThan(10)
      // One look finds out that there is none.
      expect(listCalls).toBe(1 / 1000)
    },
  )

  it.each([
    ['2 s', repeat(64, 2), 0.7, 3],
    ['84 s', repeat(64, 84), 2, 10],
    ['84 s, many', repeat(400, 84), 1.5, 6],
    ['20 s, few', drawLognormal(8, 20, sigma, 1), 3, 20],
  ] as const)('is soon right where all tasks take %s', async (_, durations, most, calls) => {
    const { lag, statusCalls } = await waitForWorld({ durations, list: false })
    expect(lag).toBeLessThan(most)
    expect(statusCalls).toBeLessThan(calls)
  })

  it('learns what scale means for a duration', async () => {
    const random = seededRandom(5)
    const scales = Array.from({ length: 400 }, () => (random() < 0.5 ? 2 : 8))
    const durations = scales.map((scale) => (scale === 2 ? 5 : 60))
    const traits = (index: number): { scale: number; pixels: number } => ({
      scale: scales[index] ?? 2,
      pixels: 1_000_000,
    })
    const told = await waitForWorld({ durations, traits, list: false })
    const untold = await waitForWorld({ durations, list: false })
    expect(told.lag * told.statusCalls).toBeLessThan(5)
    expect(untold.lag * untold.statusCalls).toBeGreaterThan(15)
  })

  it('asks about one that is stuck ever less often, and not in step with others', async () => {
    const stuck = await waitForWorld({ durations: [Number.POSITIVE_INFINITY], list: false })
    expect(stuck.pending).toBe(1)
    expect(stuck.statusCalls).toBeLessThan(150)
    const asked: number[] = []
    const clock = virtualClock()
    const tasks = Array.from({ length: 8 }, (_, index) => newTask(`${index}`, clock.now(), 40))
    const client = simulateClient(clock, tasks, {
      list: false,
      onStatus: () => void asked.push(clock.now()),
    })
    const watcher = createWatcher(client, { clock, random: seededRandom(1) })
    await clock.run(
      Promise.all(tasks.map(async ({ id }) => watcher.watch(id, { deadline: 600_000 }))),
    )
    expect(new Set(asked).size).toBeGreaterThan(asked.length * 0.8)
  })
})

describe('with a list', () => {
  it.each(seeds)('one look serves all tasks in flight, seed %i', async (seed) => {
    const durations = drawLognormal(1000, 20, sigma, seed)
    const { lag, statusCalls, listCalls } = await waitForWorld({ durations, seed })
    expect(lag).toBeLessThanOrEqual(0.6)
    expect(statusCalls + listCalls).toBeLessThanOrEqual(5)
    expect(statusCalls).toBeGreaterThanOrEqual(1)
  })

  it('knows soon that all tasks take 2 s', async () => {
    const { seconds } = await waitForWorld({ durations: repeat(64, 2) })
    expect(seconds).toBeLessThan(1.15 * 16)
  })

  it('does without where one task is in flight', async () => {
    const { listCalls } = await waitForWorld({ durations: repeat(10, 20), concurrency: 1 })
    expect(listCalls).toBe(0)
  })

  const durations = drawLognormal(100, 20, sigma, 4)
  const alone = waitForWorld({ durations, list: false })

  it.each<[string, Parameters<typeof waitForWorld>[0]['list']]>([
    ['calls everything done from the start', (tasks) => listPage(tasks, Number.POSITIVE_INFINITY)],
    ['calls nothing done', (tasks) => listPage(tasks, 0)],
    ['is empty', () => answerWith(200, { data: [] })],
    ['shows three tasks', (tasks, now) => listPage(tasks.slice(-3), now)],
    [
      'shows a task ten seconds late',
      (tasks, now) =>
        listPage(
          tasks.filter(({ startedAt }) => now - startedAt > 10_000),
          now,
        ),
    ],
    ['tells what was ten seconds ago', (tasks, now) => listPage(tasks, now - 10_000)],
    ['has another shape', () => answerWith(200, { count: 3 })],
    ['is HTML', () => ({ status: 200, retryAfter: undefined, body: '<html>' })],
    ['is refused', () => answerWith(403)],
    ['breaks', () => answerWith(500)],
    ['is redirected', () => answerWith(302)],
    [
      'throws',
      () => {
        throw new Error('cut')
      },
    ],
  ])('that %s, tasks are awaited nearly as well as without one', async (_, list) => {
    const { lag, statusCalls, listCalls, pending } = await waitForWorld({ durations, list })
    const { lag: usual, statusCalls: usualCalls } = await alone
    expect(pending).toBe(0)
    expect(lag).toBeLessThan(usual * 1.8)
    expect(statusCalls + listCalls).toBeLessThan(usualCalls * 1.3)
  })
})

describe('a list that is of no use', () => {
  it('is asked for once, and named in the debug log alone', async () => {
    const said: string[] = []
    const clock = virtualClock()
    const tasks = ['a', 'b', 'c', 'd'].map((id) => newTask(id, clock.now(), 20))
    let looks = 0
    const client = simulateClient(clock, tasks, { list: false, onList: () => looks++ })
    const debug = (message: string): void => void said.push(message)
    const watcher = createWatcher(client, { clock, debug })
    const watchAll = async (): Promise<unknown> =>
      clock.run(Promise.all(tasks.map(async ({ id }) => watcher.watch(id, { deadline: 60_000 }))))
    await watchAll()
    await watchAll()
    expect(looks).toBe(1)
    expect(said).toEqual(['the list of tasks is not used: HTTP 404, no tasks'])
  })
})

describe('a list that somebody else asks for', () => {
  it('tells the watcher of its tasks', async () => {
    const clock = virtualClock()
    const task = newTask('a', clock.now(), 1)
    const client = simulateClient(clock, [task], {})
    const list = createTaskList(client, clock)
    const watcher = watcherOf(client, clock)
    watcher.rely(undefined)
    const done = watcher.watch('a', { deadline: 60_000 })
    await clock.run(clock.sleep(1001))
    await list.readNewest(new AbortController().signal)
    await clock.run(done)
    expect(clock.now() - task.doneAt).toBeLessThan(10)
  })
})

describe('a messenger', () => {
  const durations = drawLognormal(300, 20, sigma, 2)
  const rely = (watcher: Watcher): void =>
    watcher.rely({ isWorking: () => true, noteDone: () => {} })

  it('makes two questions a task enough, and the lag next to nothing', async () => {
    const onDone = (task: string, watcher: Watcher): boolean => watcher.wake(task)
    const { lag, statusCalls, listCalls } = await waitForWorld({ durations, prepare: rely, onDone })
    expect(lag).toBeLessThan(0.01)
    expect(statusCalls).toBeLessThan(2)
    expect(listCalls).toBe(0)
  })

  it('that says nothing after all leaves a slow fallback', async () => {
    const { lag, statusCalls, pending } = await waitForWorld({ durations, prepare: rely })
    expect(pending).toBe(0)
    expect(lag).toBeLessThan(30)
    expect(statusCalls).toBeLessThan(3)
  })

  it('is not relied on for what others submitted', async () => {
    const world = { durations, isForeign: true }
    const { lag, statusCalls, listCalls } = await waitForWorld({ ...world, prepare: rely })
    const plain = await waitForWorld(world)
    expect([lag, statusCalls, listCalls]).toEqual([plain.lag, plain.statusCalls, plain.listCalls])
  })

  it.each([
    ['was told of when it was done', 20_000, true, [true]],
    ['was not told of', undefined, true, [false]],
    ['was told of too early', 5000, true, [false]],
    ['was told of before it was watched', -1, true, [true]],
    ['is of somebody else', 20_000, false, []],
  ])('hears that a task is done that %s', async (_, tellAt, isOwn, heard) => {
    const clock = virtualClock()
    const task = newTask('a', clock.now(), tellAt === -1 ? 0 : 20)
    const watcher = createWatcher(simulateClient(clock, [task], { list: false }), { clock })
    const done: boolean[] = []
    watcher.rely({ isWorking: () => false, noteDone: (called) => done.push(called) })
    if (tellAt === -1) expect(watcher.wake('a')).toBe(false)
    const watched = watcher.watch('a', { deadline: 60_000, isOwn })
    const tell = async (ms: number): Promise<void> => {
      await clock.sleep(ms)
      watcher.wake('a')
    }
    await clock.run(Promise.all([watched, tellAt !== undefined && tellAt > 0 && tell(tellAt)]))
    expect(done).toEqual(heard)
    if (tellAt === -1) expect(clock.now()).toBe(task.startedAt)
  })

  it('that does not work changes nothing', async () => {
    const idle = (watcher: Watcher): void =>
      watcher.rely({ isWorking: () => false, noteDone: () => {} })
    const { lag, statusCalls } = await waitForWorld({ durations, list: false, prepare: idle })
    const plain = await waitForWorld({ durations, list: false })
    expect([lag, statusCalls]).toEqual([plain.lag, plain.statusCalls])
  })

  it('that stops working is not relied on any more, as soon as it says so', async () => {
    const clock = virtualClock()
    const task = newTask('a', clock.now(), 30)
    const client = simulateClient(clock, [task], { list: false })
    const watcher = createWatcher(client, { clock, random: seededRandom(1) })
    let isWorking = true
    const messenger = { isWorking: () => isWorking, noteDone: () => {} }
    watcher.rely(messenger)
    const done = watcher.watch('a', { deadline: 600_000, isOwn: true })
    await clock.run(clock.sleep(5000))
    isWorking = false
    watcher.rely(messenger)
    await clock.run(done)
    expect((clock.now() - task.doneAt) / 1000).toBeLessThan(6)
  })
})

describe('waking', () => {
  it('knows a task that was done just now, and none of a minute ago', async () => {
    const clock = virtualClock()
    const tasks = [newTask('a', clock.now(), 1), newTask('b', clock.now(), 1)]
    const watcher = createWatcher(simulateClient(clock, tasks, { list: false }), { clock })
    const watched = tasks.map(async ({ id }) => watcher.watch(id, { deadline: 60_000 }))
    await clock.run(Promise.all(watched))
    expect([watcher.wake('a'), watcher.wake('never')]).toEqual([true, false])
    await clock.run(clock.sleep(60_000))
    expect(watcher.wake('b')).toBe(false)
  })

  it('asks at once, once more after what is under way, and about nothing unknown', async () => {
    const clock = virtualClock()
    const task = newTask('a', clock.now(), 3600)
    const asked: string[] = []
    let answer = (): void => {}
    const client = simulateClient(clock, [task], {
      list: false,
      onStatus: async (id) => {
        asked.push(id)
        await new Promise<void>((resolve) => (answer = resolve))
      },
    })
    const watcher = createWatcher(client, { clock })
    const controller = new AbortController()
    const done = watcher
      .watch('a', { deadline: 7_200_000, signal: controller.signal })
      .catch(() => {})
    const settled = async (): Promise<void> => clock.run(Promise.resolve())
    watcher.wake('b')
    await settled()
    expect(asked).toEqual([])
    for (let times = 0; times < 5; times++) watcher.wake('a')
    await settled()
    expect(asked).toEqual(['a'])
    for (let times = 0; times < 5; times++) watcher.wake('a')
    await settled()
    expect(asked).toEqual(['a'])
    answer()
    await settled()
    expect(asked).toEqual(['a', 'a'])
    answer()
    await settled()
    expect(asked).toEqual(['a', 'a'])
    controller.abort()
    await done
  })
})

describe('a task of long ago', () => {
  it.each([60_000, 86_400_000, Date.UTC(2026, 0, 1)])(
    'is asked about at once: %i ms',
    async (age) => {
      const clock = simulateClock()
      const client = simulateClient(clock, [newTask('a', clock.now() - age, 1)], { list: false })
      const watcher = createWatcher(client, { clock })
      await watcher.watch('a', { deadline: 60_000, submittedAt: clock.now() - age })
      expect(clock.slept).toEqual([])
      expect(watcher.durations.version).toBeLessThanOrEqual(age > 3_600_000 ? 0 : 1)
    },
  )

  it('that goes on is asked about at least every minute', async () => {
    const clock = simulateClock()
    const client = simulateClient(clock, [newTask('a', clock.now(), 600)], { list: false })
    const watcher = createWatcher(client, { clock })
    await watcher.watch('a', { deadline: 1_800_000, submittedAt: 0 })
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(66_000)
  })

  it('of tomorrow counts as one of now', async () => {
    const clock = simulateClock()
    const client = simulateClient(clock, [newTask('a', clock.now(), 20)], { list: false })
    const watcher = createWatcher(client, { clock })
    const begin = clock.now()
    await watcher.watch('a', { deadline: 60_000, submittedAt: begin + 86_400_000 })
    expect(clock.now() - begin).toBeLessThan(35_000)
  })
})

function newTask(id: string, startedAt: number, seconds: number): SimulatedTask {
  return { id, startedAt, doneAt: startedAt + seconds * 1000 }
}
