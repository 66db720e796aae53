import type { Clock } from '../core/clock.ts'
import { isLoopback } from '../core/service.ts'
import type { Client } from './client.ts'
import { debugLog } from './debug.ts'
import { createDurations } from './durations.ts'
import type { Durations } from './durations.ts'
import { createRecentTasks } from './recent-tasks.ts'
import { createGlance } from './glance.ts'
import type { RawAnswer } from './post.ts'
import { readRetryAfter } from './retry.ts'
import { createTiming } from './timing.ts'
import { isTrialOver } from './verdict.ts'
import { createWatched } from './watched.ts'
import type { Watched, WatchOptions } from './watched.ts'
import { failedError, pendingError, refusedError, unknownError } from './waiting-errors.ts'
import { describeRefusal, parseTaskState } from './wire.ts'
import type { TaskState } from './wire.ts'

/** Something that hears of tasks by itself, and wakes the watcher. */
export interface Messenger {
  /** Whether it is to be relied on now. Then the watcher asks about its own tasks by itself as a fallback only. */
  isWorking(): boolean
  /**
   * One of the process's own tasks is done, or has failed.
   *
   * @param called whether the messenger had told of it when that was found out
   */
  noteDone(called: boolean): void
}

/** Watches all tasks in flight of one client: one loop, and one list call where the API has a list. */
export interface Watcher {
  /** What has been learned about durations. */
  readonly durations: Durations
  /**
   * Asks for a task's status until it is completed and its download URLs are there. What may pass by itself (a lost
   * connection, 429, 5xx, an answer that cannot be read) is asked again.
   *
   * @throws MagnificError `TASK_FAILED` by the API's word; `TASK_UNKNOWN` by lasting 404; `TASK_PENDING` after the
   *   deadline or when the API refuses to tell: the task goes on all the same, and can be taken up again
   */
  watch(task: string, options: WatchOptions): Promise<TaskState>
  /**
   * Asks about a task at once; what is being asked is asked once more afterwards. One that nobody watches is kept in mind
   * for a while, since what tells of it may be faster than the answer to its submission.
   *
   * @returns whether it is watched, or was until just now
   */
  wake(task: string): boolean
  /** Whether a task is being watched. */
  isWatching(task: string): boolean
  /** Asks rarely about own tasks while the messenger works, and as usual while it does not. */
  rely(messenger: Messenger | undefined): void
  /** Takes note of a page of the API's list that somebody else has asked for. */
  overhear(page: number, answer: RawAnswer, askedAt: number): void
}

/** How a watcher is made. */
export interface WatcherSettings {
  clock: Clock
  /** From 0 to below 1, as `Math.random`. */
  random?: (() => number) | undefined
  durations?: Durations | undefined
  /** Told what only those want to know who look for it. */
  debug?: ((message: string) => void) | undefined
}

/** The longest wait after an answer that says nothing, ms. */
const longestBackoff = 10_000
/** The wait after an answer that says nothing: doubled each time up to the longest, ms. */
const firstBackoff = 500
/** So many times in a row a task may be unknown: a fresh one need not be known everywhere at once. */
const unknownLimit = 5
/** What a task of an emulator takes, where nothing is known of it yet, seconds. */
const emulatedSeconds = 0.5

/** A watcher of its own; `watcherOf` gives the one of a client. */
export function createWatcher(client: Client, settings: WatcherSettings): Watcher {
  const { clock, random = Math.random, debug = debugLog } = settings
  const { durations = guessDurations(client) } = settings
  const watched = new Set<Watched>()
  const timing = createTiming(durations)
  /** Told of before anybody watched them. */
  const early = createRecentTasks(clock)
  /** Found done, so that who tells of them is late, and no stranger. */
  const finished = createRecentTasks(clock)
  let messenger: Messenger | undefined
  let isRunning = false
  let nap: AbortController | undefined
  let isPoked = false

  const poke = (): void => {
    isPoked = true
    nap?.abort()
  }
  const glance = createGlance(client, { clock, random, durations, debug, watched, poke })

  /** When a task is to be asked about. */
  const dueAt = (entry: Watched): number => {
    if (entry.isAsked) return Number.POSITIVE_INFINITY
    return Math.min(Math.max(wantedAt(entry), client.readyAt()), entry.giveUpAt)
  }

  const wantedAt = (entry: Watched): number => {
    if (entry.isWoken) return 0
    const isFallback = isToBeTold(entry) || glance.covers(entry)
    return timing.nextAt(entry, isFallback)
  }

  const isToBeTold = ({ isOwn }: Watched): boolean => isOwn && messenger?.isWorking() === true

  const settle = (entry: Watched, outcome: TaskState | Error): void => {
    if (!watched.delete(entry)) return
    entry.settle(outcome)
    if (watched.size === 0) glance.leave()
    poke()
  }

  const ask = async (entry: Watched): Promise<void> => {
    const now = clock.now()
    if (now >= entry.giveUpAt && client.readyAt() > now) {
      settle(entry, pendingError(entry))
      return
    }
    entry.isAsked = true
    entry.isWoken = false
    try {
      const answer = await client.getStatus(entry.task, entry.signal)
      hear(entry, answer)
    } catch (error) {
      entry.lastProblem = (error as Error).message
      backOff(entry, 0)
    }
    entry.isAsked = false
    entry.jitter = 2 * random() - 1
    if (clock.now() >= entry.giveUpAt) settle(entry, pendingError(entry))
    poke()
  }

  const hear = (entry: Watched, answer: RawAnswer): void => {
    const now = clock.now()
    const state = answer.status === 200 ? parseTaskState(answer.body) : undefined
    entry.lastProblem = state ? '' : describeRefusal(answer.status, answer.body)
    entry.unknown = answer.status === 404 ? entry.unknown + 1 : 0
    if (state) glance.compare(entry, state)
    const isOver = state?.status === 'failed' || (state?.generated.length ?? 0) > 0
    if (isOver) finished.keep(entry.task)
    if (isOver && entry.isOwn) messenger?.noteDone(entry.isCalled)
    if (state?.status === 'failed') {
      settle(entry, failedError(entry, state.error))
    } else if (state?.status === 'completed' && state.generated.length > 0) {
      const seconds = (at: number): number => (at - entry.submittedAt) / 1000
      durations.learn(entry.traits, seconds(entry.pendingAt), seconds(now))
      settle(entry, state)
    } else if (state?.status === 'pending') {
      entry.pendingAt = now
      entry.askedAt = now
      entry.failures = 0
      // What told of it was wrong, unless that was meanwhile.
      if (!entry.isWoken) entry.isCalled = false
    } else if (entry.unknown >= unknownLimit) {
      settle(entry, unknownError(entry))
    } else if (isFinalRefusal(answer)) {
      settle(entry, refusedError(entry))
    } else {
      backOff(entry, readRetryAfter(answer.retryAfter, now) ?? 0)
    }
  }

  const backOff = (entry: Watched, atLeast: number): void => {
    const wait = Math.min(firstBackoff * 2 ** entry.failures++, longestBackoff)
    entry.notBefore = clock.now() + Math.max(wait, atLeast)
  }

  const sleep = async (ms: number): Promise<void> => {
    if (isPoked) return
    nap = new AbortController()
    const { signal } = nap
    const poked = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    const slept = Number.isFinite(ms) ? clock.sleep(Math.ceil(ms), signal).catch(() => {}) : poked
    await Promise.race([slept, poked])
    nap = undefined
  }

  const run = async (): Promise<void> => {
    while (watched.size > 0) {
      isPoked = false
      const now = clock.now()
      // What is due within the same millisecond is due: timers are no finer.
      const due = [...watched].filter((entry) => dueAt(entry) < now + 1)
      for (const entry of due) void ask(entry)
      if (glance.dueAt() < now + 1) void glance.look()
      const next = Math.min(glance.dueAt(), ...[...watched].map(dueAt))
      await sleep(next - now)
    }
    isRunning = false
  }

  return {
    durations,
    watch: async (task, options) => {
      const { signal } = options
      signal?.throwIfAborted()
      const now = clock.now()
      return new Promise((resolve, reject) => {
        const over = new AbortController()
        const entry = createWatched(task, options, now, (outcome) => {
          over.abort()
          if (outcome instanceof Error) reject(outcome)
          else resolve(outcome)
        })
        entry.jitter = 2 * random() - 1
        const leave = (): void => settle(entry, signal?.reason as Error)
        signal?.addEventListener('abort', leave, { signal: over.signal })
        watched.add(entry)
        if (early.take(task)) call(entry)
        poke()
        if (isRunning) return
        isRunning = true
        run().catch((error: unknown) => {
          // A mistake of ours must not make a build wait for ever.
          for (const each of watched) settle(each, error as Error)
          isRunning = false
        })
      })
    },
    wake: (task) => {
      const entries = [...watched].filter((entry) => entry.task === task)
      for (const entry of entries) call(entry)
      poke()
      if (entries.length > 0 || finished.take(task)) return true
      early.keep(task)
      return false
    },
    isWatching: (task) => [...watched].some((entry) => entry.task === task),
    rely: (given) => {
      messenger = given
      glance.suspend(() => [...watched].every(isToBeTold))
      poke()
    },
    overhear: glance.overhear,
  }
}

function call(entry: Watched): void {
  entry.isWoken = true
  entry.isCalled = true
}

/** What runs on this machine is an emulator, and quick. */
function guessDurations({ baseUrl }: Client): Durations {
  return createDurations(isLoopback(new URL(baseUrl).hostname) ? emulatedSeconds : undefined)
}

function isFinalRefusal({ status, body }: RawAnswer): boolean {
  if (isTrialOver(status, body)) return true
  return status >= 300 && status < 500 && ![404, 408, 425, 429].includes(status)
}
