import { isDeepStrictEqual } from 'node:util'
import { createClient } from '../api/client.ts'
import type { Client } from '../api/client.ts'
import { createPace } from '../api/pace.ts'
import type { Pace } from '../api/pace.ts'
import { watcherOf } from '../api/watchers.ts'
import type { Watcher } from '../api/watcher.ts'
import type { WebhookListener } from '../api/webhook.ts'
import { systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import type { ResolvedWebhook } from '../core/options.ts'
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
  /** Where the API calls back, where it does. */
  readonly webhook: ResolvedWebhook | undefined
  /**
   * Has the API's calls come in, where there are any, until what it gives is called: once for each time, when the work is
   * done. Resolves to that when they can come in, or it is known that they cannot.
   */
  listen(): Promise<() => Promise<void>>
  /** Whether it was said that somebody wanted another `webhook`. */
  isDisputed: boolean
}

/** How an account is reached. */
export interface AccountOptions {
  /** Origin, without a trailing slash. */
  baseUrl: string
  apiKey: string
  /** Of several for one account, the lowest counts. */
  ratePerMinute: number
  /** Of several for one account, the first counts. */
  webhook?: ResolvedWebhook | undefined
  /** Gets whole sentences. */
  warn: (message: string) => void
  /** Of the first who opens it. Default: the system's. */
  clock?: Clock | undefined
}

// The version changes with the meaning of what is shared: two versions of this package never share.
const registryKey = Symbol.for('unplugin-magnific.accounts.1')
const globals = globalThis as { [registryKey]?: Map<string, Account> }

/** The account of an origin and a key, the same one for everybody in this process. */
export function openAccount(options: AccountOptions): Account {
  const { baseUrl, apiKey, ratePerMinute, webhook, clock = systemClock } = options
  const registry = (globals[registryKey] ??= new Map())
  const key = `${baseUrl} ${apiKey}`
  const known = registry.get(key)
  if (known) {
    known.pace.lower(ratePerMinute)
    warnOfDispute(known, options)
    return known
  }
  const pace = createPace(ratePerMinute, clock)
  const client = createClient({ baseUrl, apiKey, pace, webhookUrl: webhook?.url })
  const watcher = watcherOf(client, clock)
  const account: Account = {
    client,
    pace,
    watcher,
    taskList: createTaskList(client, clock),
    recalled: new Set(),
    webhook,
    listen: createListen(watcher, { ...options, clock }),
    isDisputed: false,
  }
  registry.set(key, account)
  return account
}

/** The listener is loaded when somebody works who has one. */
function createListen(
  watcher: Watcher,
  { webhook, warn, clock }: AccountOptions & { clock: Clock },
): Account['listen'] {
  if (!webhook) return async () => async () => {}
  let opening: Promise<WebhookListener> | undefined
  const open = async (): Promise<WebhookListener> => {
    const { createWebhookListener } = await import('../api/webhook.ts')
    const { wake: onHint, isWatching: isOurs } = watcher
    const listener = createWebhookListener({ webhook, clock, warn, onHint, isOurs })
    watcher.rely(listener)
    return listener
  }
  return async () => {
    const listener = await (opening ??= open())
    await listener.acquire()
    return listener.release
  }
}

/** One key has one listener: two with the same port could not be, and the API's calls would go to either. */
function warnOfDispute(account: Account, { webhook, warn }: AccountOptions): void {
  if (account.isDisputed || isDeepStrictEqual(account.webhook, webhook)) return
  account.isDisputed = true
  warn(
    'Two plugins of this process use one API key with different `webhook` options, and the first of them counts. Give both the same; where you have just changed it, start the process anew.',
  )
}
