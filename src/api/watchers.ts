import type { Clock } from '../core/clock.ts'
import type { Client } from './client.ts'
import { createWatcher } from './watcher.ts'
import type { Watcher } from './watcher.ts'

const watchers = new WeakMap<Client, Watcher>()

/** The one watcher of a client: everybody who waits for a task of it waits there. */
export function watcherOf(client: Client, clock: Clock): Watcher {
  const known = watchers.get(client) ?? createWatcher(client, { clock })
  watchers.set(client, known)
  return known
}

/** Tells the watcher of a client, where there is one, of a page of the API's list that somebody has asked for. */
export function overhearList(
  client: Client,
  ...[page, answer, askedAt]: Parameters<Watcher['overhear']>
): void {
  watchers.get(client)?.overhear(page, answer, askedAt)
}
