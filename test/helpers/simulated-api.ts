import type { Client } from '../../src/api/client.ts'
import type { RawAnswer } from '../../src/api/post.ts'
import { createWatcher } from '../../src/api/watcher.ts'
import type { Watcher } from '../../src/api/watcher.ts'
import type { Traits } from '../../src/api/durations.ts'
import { virtualClock } from './clock.ts'
import type { Clock } from '../../src/core/clock.ts'

/** A world of tasks whose durations are known beforehand. */
export interface World {
  /** Seconds, of each task in turn. */
  durations: readonly number[]
  traits?: ((index: number) => Traits) | undefined
  /** Tasks in flight. */
  concurrency?: number
  /** What the list answers, where it is not the truth. `false`: it answers 404. */
  list?: false | ((tasks: readonly SimulatedTask[], now: number) => RawAnswer) | undefined
  seed?: number
  /** The longest wait for one, ms. */
  deadline?: number
  /** Called when a task is done, with the watcher. */
  onDone?: ((task: string, watcher: Watcher) => unknown) | undefined
  prepare?: (watcher: Watcher) => void
  /** Whether somebody else submitted them. */
  isForeign?: boolean
}

/** One task. Times in ms since 1970. */
export interface SimulatedTask {
  id: string
  startedAt: number
  doneAt: number
}

/** What came of waiting for all tasks of a world, by the task. */
export interface Figures {
  /** Mean seconds from a task's end to the moment that it was known. */
  lag: number
  statusCalls: number
  listCalls: number
  /** Tasks that were waited for in vain. */
  pending: number
  seconds: number
}

/** Numbers that look random and are the same for the same seed, from 0 to below 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Durations whose logarithm is normally distributed, seconds. */
export function drawLognormal(
  count: number,
  median: number,
  sigma: number,
  seed: number,
): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return median * Math.exp(sigma * normal)
  })
}

/** An answer as it came. */
export function answerWith(status: number, body: unknown = {}): RawAnswer {
  return { status, retryAfter: undefined, body: JSON.stringify(body) }
}

/** The page of the list that tells the truth. */
export function listPage(tasks: readonly SimulatedTask[], now: number): RawAnswer {
  const data = tasks
    .toReversed()
    .slice(0, 20)
    .map(({ id, doneAt }) => ({ task_id: id, status: now >= doneAt ? 'COMPLETED' : 'IN_PROGRESS' }))
  return answerWith(200, { data })
}

/** Waits for all tasks of a world with one watcher, in simulated time. */
export async function waitForWorld(world: World): Promise<Figures> {
  const { durations, concurrency = 8, seed = 1, deadline = 30 * 60_000 } = world
  const clock = virtualClock()
  const tasks: SimulatedTask[] = []
  const calls = { status: 0, list: 0 }
  const client = simulateClient(clock, tasks, {
    list: world.list,
    onStatus: () => void calls.status++,
    onList: () => void calls.list++,
  })
  const watcher = createWatcher(client, { clock, random: seededRandom(seed) })
  world.prepare?.(watcher)
  const begin = clock.now()
  let lag = 0
  let pending = 0
  const work = async (): Promise<void> => {
    while (tasks.length < durations.length) {
      const index = tasks.length
      const startedAt = clock.now()
      const task = {
        id: `task-${index}`,
        startedAt,
        doneAt: startedAt + (durations[index] ?? 0) * 1000,
      }
      tasks.push(task)
      if (world.onDone) {
        clock.sleep(task.doneAt - startedAt).then(
          () => world.onDone?.(task.id, watcher),
          () => {},
        )
      }
      try {
        await watcher.watch(task.id, {
          deadline,
          traits: world.traits?.(index),
          isOwn: world.isForeign !== true,
        })
        lag += (clock.now() - task.doneAt) / 1000
      } catch {
        pending++
      }
    }
  }
  await clock.run(Promise.all(Array.from({ length: concurrency }, work)))
  return {
    lag: lag / (tasks.length - pending || 1),
    statusCalls: calls.status / tasks.length,
    listCalls: calls.list / tasks.length,
    pending,
    seconds: (clock.now() - begin) / 1000,
  }
}

/** How a simulated API answers. */
export interface SimulatedClientSettings {
  /** See `World`. */
  list?: World['list']
  /** Called before a status call is answered. */
  onStatus?: (task: string) => unknown
  onList?: () => void
}

/** A client whose API is a list of tasks. */
export function simulateClient(
  clock: Clock,
  tasks: readonly SimulatedTask[],
  { list = listPage, onStatus, onList }: SimulatedClientSettings = {},
): Client {
  return {
    baseUrl: 'https://api.example',
    redact: (text) => text,
    readyAt: () => 0,
    submit: async () => answerWith(500),
    getStatus: async (id) => {
      await onStatus?.(id)
      const task = tasks.find((each) => each.id === id)
      const isDone = task !== undefined && clock.now() >= task.doneAt
      const status = isDone ? 'COMPLETED' : 'IN_PROGRESS'
      const generated = isDone ? ['https://a.example/1.png'] : []
      return answerWith(200, { data: { task_id: id, status, generated } })
    },
    listTasks: async () => {
      onList?.()
      return list === false ? answerWith(404) : list(tasks, clock.now())
    },
  }
}
