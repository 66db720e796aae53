import type { Clock } from '../core/clock.ts'

/** Tasks that something has happened to of late. */
export interface RecentTasks {
  keep(task: string): void
  /** Whether a task is among them; it is forgotten with that. */
  take(task: string): boolean
}

/** So many are kept, the newest: anybody may make them up. */
const most = 64
/** So long they are kept, ms. */
const lifetime = 60_000

/** None yet. */
export function createRecentTasks({ now }: Pick<Clock, 'now'>): RecentTasks {
  /** When each was kept last, the oldest first. */
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
