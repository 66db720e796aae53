import type { Clock } from '../core/clock.ts'
import type { Client } from './client.ts'
import type { Durations } from './durations.ts'
import type { RawAnswer } from './post.ts'
import type { Watched } from './watched.ts'
import { parseTaskList } from './wire.ts'
import type { TaskState } from './wire.ts'

/** Looks at all tasks at once, by the first page of the API's list. What it sees is a hint: the status call decides. */
export interface Glance {
  /** When the list is to be looked at, ms since 1970; `Infinity` where there is no use in it. */
  dueAt(): number
  look(): Promise<void>
  /** Takes note of a page that somebody else has asked for. */
  overhear(page: number, answer: RawAnswer, askedAt: number): void
  /** Whether the list will tell of a task, so that it is asked about by itself as a fallback only. */
  covers(entry: Watched): boolean
  /** Takes note of what a status call says of a task, to find out whether the list tells the truth. */
  compare(entry: Watched, state: TaskState): void
  /** Nobody waits for anything any more: a look that is under way ends. */
  leave(): void
  /** Looks at nothing while `isSuspended` says so. */
  suspend(isSuspended: () => boolean): void
}

/** What a glance works with. */
export interface GlanceSettings {
  clock: Clock
  random: () => number
  durations: Durations
  debug: (message: string) => void
  /** Live. */
  watched: ReadonlySet<Watched>
  /** Called when something is due earlier than it was. */
  poke: () => void
}

/** What a list call is worth, seconds of waiting: less than a status call, so that the tasks of it are hardly late. */
const lookCost = 0.14
/** The shortest time between two looks, and the longest, ms. */
const shortestWait = 100
const longestWait = 10_000
/** The step in which the next look is searched for, ms. */
const searchStep = 50
/** Below this many tasks, each is asked about by itself. */
const least = 2
/** So often the list may be wrong, or show none of the tasks, or not come, before it is let be. */
const patience = 3
/** A list may show a task so late, ms. */
const longestLag = 30_000
/** So many tasks that are done are kept in mind, to see whether the list knows. */
const memory = 50

/** One glance for all tasks in flight. */
export function createGlance(
  client: Client,
  { clock, random, durations, debug, watched, poke }: GlanceSettings,
): Glance {
  let isUseless = false
  let looking: AbortController | undefined
  let isSuspended = (): boolean => false
  let lookedAt = 0
  let jitter = 0
  /** Whether the list was the first to know of a task that it was done: before that, it is not relied on. */
  let isProven = false
  let lies = 0
  let misses = 0
  /** Tasks that are known to be done, since when. */
  const finished = new Map<string, number>()

  const giveUp = (why: string): void => {
    if (isUseless) return
    isUseless = true
    debug(`the list of tasks is not used: ${why}`)
    poke()
  }
  const catchLie = (what: string): void => {
    lies++
    if (lies >= patience) giveUp(what)
  }

  const isOfUse = (): boolean => !isUseless && !isSuspended()
  const candidates = (): Watched[] =>
    [...watched].filter(({ isListed, isClaimed }) => isListed !== false && !isClaimed)

  /** Tasks at once are as one whose hazard is the sum of theirs. */
  const nextLook = (entries: readonly Watched[]): number => {
    let expected = 0
    const forecasts = entries.map(({ traits }) => durations.forecast(traits))
    const cost = lookCost * Math.min(...forecasts.map(({ costPart }) => costPart))
    const from = Math.max(lookedAt, Math.min(...entries.map(({ submittedAt }) => submittedAt)))
    const until = from + longestWait
    for (let at = from; at < until; at += searchStep) {
      const hazard = entries.reduce((sum, { submittedAt }, index) => {
        const elapsed = (at + searchStep / 2 - submittedAt) / 1000
        return elapsed > 0 ? sum + (forecasts[index]?.hazard(elapsed) ?? 0) : sum
      }, 0)
      const share = (Math.sqrt(hazard / (2 * cost)) * searchStep) / 1000
      if (expected + share >= 1 + jitter) {
        return at + ((1 + jitter - expected) / share) * searchStep
      }
      expected += share
    }
    return until
  }

  const read = (answer: RawAnswer, askedAt: number): void => {
    const tasks = answer.status === 200 ? parseTaskList(answer.body) : undefined
    if (!tasks) {
      misses++
      const { status } = answer
      const isFinal = status < 400 || (status < 500 && ![408, 425, 429].includes(status))
      if (isFinal || misses >= patience)
        giveUp(`HTTP ${status}, ${status === 200 ? 'and no list' : 'no tasks'}`)
      return
    }
    const listed = new Map(tasks.map((state) => [state.task, state]))
    for (const [task, since] of finished) {
      if (listed.get(task)?.status !== 'pending' || askedAt < since) continue
      finished.delete(task)
      catchLie('it lags')
    }
    let seen = 0
    for (const entry of watched) {
      const state = listed.get(entry.task)
      entry.isListed = state !== undefined
      if (state) seen++
      if (state?.status === 'pending') {
        if (isProven) entry.pendingAt = Math.max(entry.pendingAt, askedAt)
      } else if (state && !entry.isAsked && !entry.isClaimed) {
        entry.isClaimed = true
        entry.isWoken = true
      }
    }
    const isLate = [...watched].some(({ submittedAt }) => askedAt - submittedAt > longestLag)
    if (seen > 0) misses = 0
    else if (isLate) misses++
    if (misses >= patience) giveUp('it does not show the tasks')
  }

  const overhear: Glance['overhear'] = (page, answer, askedAt) => {
    if (page !== 1 || !isOfUse() || watched.size === 0) return
    lookedAt = Math.max(lookedAt, askedAt)
    jitter = (2 * random() - 1) * 0.1
    read(answer, askedAt)
    poke()
  }

  return {
    dueAt: () => {
      if (!isOfUse() || looking) return Number.POSITIVE_INFINITY
      const entries = candidates()
      if (entries.length < least) return Number.POSITIVE_INFINITY
      return Math.max(nextLook(entries), lookedAt + shortestWait, client.readyAt())
    },
    look: async () => {
      const look = new AbortController()
      looking = look
      lookedAt = clock.now()
      try {
        overhear(1, await client.listTasks(1, look.signal), lookedAt)
      } catch {
        if (!look.signal.aborted) misses++
        if (misses >= patience) giveUp('it does not come')
      }
      looking = undefined
      poke()
    },
    overhear,
    covers: (entry) =>
      isOfUse() &&
      isProven &&
      entry.isListed !== false &&
      !entry.isClaimed &&
      candidates().length >= least,
    compare: ({ task, isClaimed }, state) => {
      if (state.status !== 'pending') {
        isProven ||= isClaimed
        finished.set(task, clock.now())
        const [oldest] = finished.keys()
        if (finished.size > memory && oldest !== undefined) finished.delete(oldest)
      } else if (isClaimed) catchLie('it is ahead of the truth')
    },
    leave: () => looking?.abort(),
    suspend: (given) => void (isSuspended = given),
  }
}
