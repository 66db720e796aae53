import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'

/** Time that passes by sleeping alone: half an hour of waiting takes a moment. */
export interface SimulatedClock extends Clock {
  /** Every sleep so far, ms, in order. */
  readonly slept: readonly number[]
}

/** How a simulated clock is made. */
export interface SimulatedClockSettings {
  /** ms since 1970 */
  startAt?: number
  /**
   * Called when a sleep begins; the sleep ends no sooner than what it returns. A promise that never settles is a sleep
   * that only an abort ends.
   */
  onSleep?: ((ms: number, index: number) => unknown) | undefined
}

/** A clock that sleeping moves on, by as much as was to be slept. */
export function simulateClock({
  startAt = Date.UTC(2026, 0, 1),
  onSleep,
}: SimulatedClockSettings = {}): SimulatedClock {
  const slept: number[] = []
  let now = startAt
  return {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      slept.push(ms)
      const awake = new AbortController()
      const aborted = rejectOnAbort(signal, awake.signal)
      try {
        // The network has its turn, as it would have in a real sleep.
        await Promise.race([Promise.all([onSleep?.(ms, slept.length - 1), turn()]), aborted])
      } finally {
        awake.abort()
      }
      now += ms
      signal?.throwIfAborted()
    },
  }
}

async function rejectOnAbort(signal: AbortSignal | undefined, until: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: until })
  })
}

/** Real time, a number of times as fast: for those who wait for what others really do. */
export function hurryClock(times: number): Clock {
  const startedAt = systemClock.now()
  return {
    now: () => startedAt + (systemClock.now() - startedAt) * times,
    sleep: async (ms, signal) => systemClock.sleep(ms / times, signal),
  }
}

/** Time in which many things wait side by side: it moves on to the next of them when nobody does anything else. */
export interface VirtualClock extends Clock {
  /** Lets time pass until the work is done. What the work waits for must be this clock, or done within a turn. */
  run<T>(work: Promise<T>): Promise<T>
}

/** A clock for what runs in this process alone: real sockets take real time. */
export function virtualClock(startAt = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = startAt
  const sleepers = new Set<{ at: number; wake: () => void }>()
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      const over = new AbortController()
      try {
        await new Promise<void>((resolve, reject) => {
          const sleeper = { at: now + ms, wake: resolve }
          sleepers.add(sleeper)
          over.signal.addEventListener('abort', () => sleepers.delete(sleeper))
          const leave = (): void => reject(signal?.reason as Error)
          signal?.addEventListener('abort', leave, { signal: over.signal })
        })
      } finally {
        over.abort()
      }
    },
    run: async (work) => {
      let isDone = false
      const done = work.finally(() => (isDone = true))
      done.catch(() => {})
      for (;;) {
        await turn()
        if (isDone) return done
        let next: { at: number; wake: () => void } | undefined
        for (const sleeper of sleepers) if (!next || sleeper.at < next.at) next = sleeper
        if (!next) throw new Error('Everybody waits, and nobody for the clock.')
        sleepers.delete(next)
        now = Math.max(now, next.at)
        next.wake()
      }
    },
  }
}
