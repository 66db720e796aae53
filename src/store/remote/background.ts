import { setTimeout as sleep } from 'node:timers/promises'
import { RemoteError } from './errors.ts'

/** Work that nobody waits for until the end. */
export interface Background {
  /**
   * Begins work that is done again and again while the store fails.
   *
   * @param what it is about, for people: a file
   */
  start(what: string, work: () => Promise<void>): void
  /** Waits for all of it, for a while; tells what was not done. */
  flush(): Promise<void>
}

/** Failing work is tried again for so long, ms; once somebody waits for it, for so long from then. */
const persistence = 60_000
const flushPersistence = 3000
/** Between two tries, ms. */
const pause = 500

/**
 * @param warn is told of what was not done, a sentence
 * @param now ms since 1970
 */
export function createBackground(
  name: () => string,
  warn: (message: string) => void,
  now: () => number,
): Background {
  const running = new Set<Promise<void>>()
  const undone = new Map<string, string>()
  let flushUntil = Number.POSITIVE_INFINITY
  let waiting = 0

  const persist = async (what: string, work: () => Promise<void>): Promise<void> => {
    const until = now() + persistence
    for (;;) {
      try {
        await work()
        return
      } catch (error) {
        const isOver = now() >= Math.min(until, flushUntil)
        if (error instanceof RemoteError && !isOver) {
          await sleep(pause)
          continue
        }
        undone.set(what, error instanceof RemoteError ? error.reason : (error as Error).message)
        return
      }
    }
  }

  return {
    start: (what, work) => {
      const begun: Promise<void> = persist(what, work).finally(() => running.delete(begun))
      running.add(begun)
    },
    flush: async () => {
      waiting++
      flushUntil = now() + flushPersistence
      while (running.size > 0) await Promise.all(running)
      if (--waiting === 0) flushUntil = Number.POSITIVE_INFINITY
      const [first] = undone
      if (!first) return
      const [what, reason] = first
      const count = undone.size === 1 ? what : `${what} and ${undone.size - 1} more`
      undone.clear()
      warn(
        `Not all that is known here is in the shared cache (${name()}): ${count} (${reason}). Run \`npx magnific push\` when it can be used again, so that no other machine buys it.`,
      )
    },
  }
}
