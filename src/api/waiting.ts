import type { Clock } from '../core/clock.ts'
import type { Client } from './client.ts'
import { watcherOf } from './watchers.ts'
import type { WatchOptions } from './watched.ts'
import type { TaskState } from './wire.ts'

/** Settings of one wait. */
export interface WaitOptions extends WatchOptions {
  clock: Clock
}

/**
 * Waits for a task together with all others of the client: see `Watcher`.
 *
 * @throws MagnificError `TASK_FAILED`, `TASK_UNKNOWN`, `TASK_PENDING`: see `Watcher`
 */
export async function awaitTask(
  client: Client,
  task: string,
  { clock, ...options }: WaitOptions,
): Promise<TaskState> {
  return watcherOf(client, clock).watch(task, options)
}
