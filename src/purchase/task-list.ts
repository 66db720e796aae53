import type { Client } from '../api/client.ts'
import { overhearList } from '../api/watchers.ts'
import { parseTaskList } from '../api/wire.ts'
import type { TaskState } from '../api/wire.ts'
import type { Clock } from '../core/clock.ts'

/** The tasks of an account, where the API lists them: it is documented to, and not known to. */
export interface TaskList {
  /**
   * The newest tasks, as of now.
   *
   * @returns their ids, `undefined` where the API does not tell
   */
  readNewest(signal: AbortSignal): Promise<string[] | undefined>
  /**
   * The tasks that were not there at an earlier time.
   *
   * @param listed what `readNewest` gave then
   * @returns `undefined` where the API does not tell
   */
  readSince(listed: readonly string[], signal: AbortSignal): Promise<TaskState[] | undefined>
}

/** So long the newest tasks are believed to be the newest, ms: those who submit at once ask once. */
const freshness = 2000
/** Before a submission the list may take so long and no longer, ms: it is good to have, not needed. */
const newestTimeout = 5000
/** So many pages are looked through for what is new. */
const pageLimit = 10

/** The list of the account that a client's key belongs to. */
export function createTaskList(client: Client, clock: Clock): TaskList {
  let newest: { at: number; ids: Promise<string[] | undefined> } | undefined
  /** An API without a list is not asked again. */
  let isThere = true

  const readPage = async (page: number, signal: AbortSignal): Promise<TaskState[] | undefined> => {
    if (!isThere) return undefined
    try {
      const askedAt = clock.now()
      const answer = await client.listTasks(page, signal)
      // What it tells of tasks in flight need not be asked again.
      overhearList(client, page, answer, askedAt)
      const { status, body } = answer
      const tasks = status === 200 ? parseTaskList(body) : undefined
      if (!tasks && (status === 200 || status === 404 || status === 405)) isThere = false
      return tasks
    } catch {
      return undefined
    }
  }

  return {
    readNewest: async (signal) => {
      const now = clock.now()
      if (!newest || now - newest.at > freshness) {
        // Shared by all who submit at this time: one of them that leaves does not end it for the others.
        const tasks = readPage(1, AbortSignal.timeout(newestTimeout))
        newest = { at: now, ids: tasks.then((page) => page?.map(({ task }) => task)) }
      }
      const ids = await newest.ids
      signal.throwIfAborted()
      return ids
    },
    readSince: async (listed, signal) => {
      const known = new Set(listed)
      const found = new Map<string, TaskState>()
      for (let page = 1; page <= pageLimit; page++) {
        const tasks = await readPage(page, signal)
        signal.throwIfAborted()
        if (!tasks) return undefined
        const before = found.size
        for (const state of tasks) if (!known.has(state.task)) found.set(state.task, state)
        // A page that holds something known, or nothing new, is where the older ones begin.
        const isEnd = tasks.some(({ task }) => known.has(task)) || found.size === before
        if (isEnd) return [...found.values()]
      }
      // Part of a list is none: what it leaves out may be what is looked for.
      return undefined
    },
  }
}
