import { createClient } from '../api/client.ts'
import type { Client } from '../api/client.ts'
import { createPace } from '../api/pace.ts'
import type { Pace } from '../api/pace.ts'
import { watcherOf } from '../api/watcher.ts'
import type { Watcher } from '../api/watcher.ts'
import { systemClock } from '../core/clock.ts'
import { createTaskList } from './task-list.ts'
import type { TaskList } from './task-list.ts'

/** One key at one API: what it bears, it bears for all who use it. */
export interface Account {
  readonly client: Client
  readonly pace: Pace
  /** Watches all tasks in flight, whoever waits for them. */
  readonly watcher: Watcher
  readonly taskList: TaskList
  /** The cache directories whose durations the watcher has learned from. */
  readonly recalled: Set<string>
}

/** How an account is reached. */
export interface AccountOptions {
  /** Origin, without a trailing slash. */
  baseUrl: string
  apiKey: string
  /** Of several for one account, the lowest counts. */
  ratePerMinute: number
}

// The version changes with the meaning of what is shared: two versions of this package never share.
const registryKey = Symbol.for('unplugin-magnific.accounts.1')
const globals = globalThis as { [registryKey]?: Map<string, Account> }

/** The account of an origin and a key, the same one for everybody in this process. */
export function openAccount({ baseUrl, apiKey, ratePerMinute }: AccountOptions): Account {
  const registry = (globals[registryKey] ??= new Map())
  const key = `${baseUrl} ${apiKey}`
  const known = registry.get(key)
  if (known) {
    known.pace.lower(ratePerMinute)
    return known
  }
  const pace = createPace(ratePerMinute, systemClock)
  const client = createClient({ baseUrl, apiKey, pace })
  const account: Account = {
    client,
    pace,
    watcher: watcherOf(client, systemClock),
    taskList: createTaskList(client, systemClock),
    recalled: new Set(),
  }
  registry.set(key, account)
  return account
}
