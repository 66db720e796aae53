import type { Clock } from '../core/clock.ts'
import { debugLog } from './debug.ts'
import { readRetryAfter } from './retry.ts'
import { isTrialOver } from './verdict.ts'

/** What an answer says about how fast one may ask. */
export interface PacedAnswer {
  status: number
  retryAfter: string | undefined
  body: string
}

/** Holds everything that is sent with one key to one API to what it bears. */
export interface Pace {
  /** Calls a minute at present: the ceiling, or less after a 429. */
  readonly rate: number
  /**
   * Resolves when a call may go, first come, first served; to be followed by that call.
   *
   * @returns when that is, ms since 1970
   * @throws the signal's reason
   */
  enter(signal?: AbortSignal): Promise<number>
  /**
   * Takes note of an answer.
   *
   * @param enteredAt what `enter` gave for the call
   */
  note(answer: PacedAnswer, enteredAt: number): void
  /** When a call would go that is made now, ms since 1970: now, or later. */
  readyAt(): number
  /** Lowers the ceiling; of several, the most careful one counts. */
  lower(ratePerMinute: number): void
}

const minute = 60_000
/** So many of a minute's calls may go within one second. */
const burstPart = 1 / 10
/** So much of a minute's calls goes as it comes; the rest is spread over what is left of the minute. */
const freePart = 0.9
/** The rate is never taken for less than this part of the ceiling. */
const leastPart = 1 / 16
/** From nothing, the ceiling is reached again in this time, ms. */
const recovery = 4 * minute

/**
 * In no minute more calls than the ceiling. They go as they come, in small bursts, while there are few; what is left of a
 * minute's calls when many are gone is spread. A 429 halves the rate, which then grows back steadily, and calls go evenly
 * until it has; `Retry-After` stops everybody.
 *
 * @param ratePerMinute the ceiling
 */
export function createPace(ratePerMinute: number, clock: Clock): Pace {
  let ceiling = ratePerMinute
  /** The rate just after the last 429, and when that was. */
  let cut: { rate: number; at: number } | undefined
  let closedUntil = 0
  /** When the calls of the last minute went. */
  const sent: number[] = []
  let last: Promise<unknown> = Promise.resolve()

  const rateAt = (now: number): number =>
    cut ? Math.min(ceiling, cut.rate + ((now - cut.at) / recovery) * ceiling) : ceiling

  /** When the next call may go, as far as it can be told now. */
  const nextAt = (now: number): number => {
    while ((sent[0] ?? now) <= now - minute) sent.shift()
    const { length } = sent
    const [first = now] = sent
    const latest = sent.at(-1)
    if (latest === undefined) return Math.max(now, closedUntil)
    const rate = rateAt(now)
    const burst = Math.max(1, Math.floor(ceiling * burstPart))
    const left = ceiling - length
    const waits = [closedUntil, (sent[length - burst] ?? -minute) + 1000]
    if (left <= 0) waits.push((sent[-left] ?? now) + minute)
    else if (length >= ceiling * freePart) waits.push(latest + (first + minute - latest) / left)
    if (rate < ceiling) waits.push(latest + minute / rate)
    return Math.max(now, ...waits)
  }

  const pass = async (signal: AbortSignal | undefined): Promise<number> => {
    for (;;) {
      signal?.throwIfAborted()
      const now = clock.now()
      const wait = nextAt(now) - now
      if (wait <= 0) {
        sent.push(now)
        return now
      }
      await clock.sleep(Math.ceil(wait), signal)
    }
  }

  return {
    get rate() {
      return rateAt(clock.now())
    },
    enter: async (signal) => {
      const turn = last.then(async () => pass(signal))
      // Who leaves the queue does not stop those behind.
      last = turn.catch(() => {})
      return untilAborted(turn, signal)
    },
    note: ({ status, retryAfter, body }, enteredAt) => {
      if ((status !== 429 && status !== 503) || isTrialOver(status, body)) return
      const now = clock.now()
      const wait = readRetryAfter(retryAfter, now) ?? 0
      closedUntil = Math.max(closedUntil, now + wait)
      // Calls that went before the last cut tell what is known.
      if (status === 429 && (!cut || enteredAt > cut.at)) {
        cut = { rate: Math.max(rateAt(now) / 2, ceiling * leastPart), at: now }
        debugLog(`429: at most ${Math.round(cut.rate)} calls a minute for now`)
      }
      if (wait > 0) debugLog(`${status}: nothing is sent for ${Math.round(wait / 1000)} s`)
    },
    readyAt: () => nextAt(clock.now()),
    lower: (rate) => void (ceiling = Math.min(ceiling, rate)),
  }
}

/** Whoever waits behind others leaves at once all the same. */
async function untilAborted<T>(step: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return step
  const over = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const leave = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', leave, { signal: over.signal })
  })
  try {
    return await Promise.race([step, aborted])
  } finally {
    over.abort()
  }
}
