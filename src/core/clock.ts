import { setTimeout as delay } from 'node:timers/promises'

/** Time as the code sees it, so that tests can bring their own. */
export interface Clock {
  /** ms since 1970 */
  now(): number
  /** Resolves after so many ms; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted()
    try {
      await delay(ms, undefined, signal ? { signal } : {})
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  },
}
