import type { Clock } from '../core/clock.ts'

/** Tasks that were told of before anybody watched them. */
export interface EarlyHints {
  keep(task: string): void
  /** Whether a task was told of; it is forgotten with that. */
  take(task: string): boolean
}

/** So many are kept, the newest: anybody may make them up. */
const most = 64
/** So long they are kept, ms. */
const lifetime = 60_000

/** None yet. */
export function createEarlyHints({ now }: Pick<Clock, 'now'>): EarlyHints {
  /** When each was told of last, the oldest first. */
  const kept = new Map<string, number>()
  return {
    keep: (task) => {
      kept.delete(task)
      kept.set(task, now())
      const [oldest] = kept.keys()
      if (kept.size > most && oldest !== undefined) kept.delete(oldest)
    },
    take: (task) => {
      const at = kept.get(task)
      kept.delete(task)
      return at !== undefined && now() - at < lifetime
    },
  }
}
