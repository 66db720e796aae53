import { MagnificError } from '../../core/errors.ts'
import { redactRemote } from '../../core/remote-option.ts'
import { claimKey } from './claims.ts'
import { findPackage, loadPeer } from './load-peer.ts'
import type { Claims, RemotePort } from './port.ts'
import { canBePooled, createPool, createProvider, findPoolClass } from './postgres-pool.ts'
import { expectText } from './texts.ts'

/** Runs a statement. @returns its rows */
export type Query = (
  sql: string,
  values?: readonly unknown[],
) => Promise<Array<Record<string, unknown>>>

/** `@keyv/postgres` 2. */
export interface PostgresAdapter {
  /** What it was made with, which is handed to `pg` as well. */
  opts: { uri?: string; table: string; schema: string; useUnloggedTable?: boolean | undefined }
  query: Query
  namespace?: string | undefined
  get(key: string): Promise<unknown>
  set(key: string, value: string): Promise<unknown>
  /** Ends the pool that all adapters of the process share. */
  disconnect(): Promise<void>
  on(event: 'error', listener: (error: unknown) => void): unknown
}

/** Whether a storage adapter is that of PostgreSQL, whichever copy of the package it is of. */
export function isPostgresAdapter(value: unknown): value is PostgresAdapter {
  if (typeof value !== 'object' || value === null) return false
  const { query, opts } = value as { query?: unknown; opts?: Record<string, unknown> }
  return (
    typeof query === 'function' &&
    opts?.['dialect'] === 'postgres' &&
    typeof opts['table'] === 'string' &&
    typeof opts['schema'] === 'string'
  )
}

/** Claims as rows of the adapter's table, with keys that no value's key is like. */
export function createPostgresClaims(adapter: PostgresAdapter): Claims {
  // As the adapter does, names are not quoted: whoever needs quotes has put them there.
  const table = `${adapter.opts.schema}.${adapter.opts.table}`
  const keyOf = (key: string): string =>
    adapter.namespace ? `${adapter.namespace}:${claimKey(key)}` : claimKey(key)
  const read = async (key: string): Promise<string | undefined> => {
    const rows = await adapter.query(`SELECT value FROM ${table} WHERE key = $1`, [keyOf(key)])
    return expectText(rows[0]?.['value'])
  }
  return {
    keyOf,
    read,
    replace: async (key, text) => {
      await adapter.query(
        `INSERT INTO ${table} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        [keyOf(key), text],
      )
    },
    create: async (key, text) => {
      const rows = await adapter.query(
        `INSERT INTO ${table} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING RETURNING key`,
        [keyOf(key), text],
      )
      if (rows.length > 0) return text
      const standing = await read(key)
      if (standing !== undefined) return standing
      throw new Error(
        `The claim ${key} stood in PostgreSQL and is gone: something deletes its rows.`,
      )
    },
  }
}

/** Why PostgreSQL may lose what is written, as a clause. */
export function findPostgresWeakness(adapter: PostgresAdapter): string | undefined {
  if (!adapter.opts.useUnloggedTable) return undefined
  return 'its table is unlogged, so that PostgreSQL empties it after a crash'
}

/**
 * A port to the PostgreSQL of a URL, with a table of ours. It connects at the first call.
 *
 * @throws MagnificError `BAD_OPTIONS` where `@keyv/postgres` is missing
 */
export async function openPostgres(url: string, from: readonly string[]): Promise<RemotePort> {
  const { protocol } = new URL(url)
  const { file, exports } = await loadPeer('@keyv/postgres', protocol.slice(0, -1), from)
  const { KeyvPostgres } = exports
  const Pool = findPoolClass(file)
  if (!Pool || !canBePooled(KeyvPostgres)) {
    throw new MagnificError(
      'BAD_OPTIONS',
      'The installed version of @keyv/postgres is not supported. Update it: npm i -D @keyv/postgres@^2.2',
    )
  }
  const pool = createPool(Pool, url)
  const provide = createProvider(KeyvPostgres, { table: 'magnific_cache' }, pool)
  return {
    name: redactRemote(url),
    canReopen: true,
    get: async (key) => expectText(await provide().get(key)),
    set: async (key, value) => void (await provide().set(key, value)),
    claims: {
      keyOf: claimKey,
      create: async (key, text) => createPostgresClaims(provide()).create(key, text),
      read: async (key) => createPostgresClaims(provide()).read(key),
      replace: async (key, text) => createPostgresClaims(provide()).replace(key, text),
    },
    // The table may be older than we are, but it was us who made it.
    findWeakness: async () => undefined,
    close: async () => pool.close(),
  }
}

/**
 * Has an adapter of the user's work with a pool of ours. Its own is one for all adapters of the process, which whoever ends
 * it ends for all; it can't be reopened; and when the server ends a connection that nobody uses, the process dies of it.
 *
 * @param from where `pg` may be found, as for `loadPeer`
 * @returns what ends the connections
 */
export function adoptPostgres(
  adapter: PostgresAdapter,
  from: readonly string[],
): () => Promise<void> {
  const { constructor: KeyvPostgres, opts } = adapter
  const file = from.map((base) => findPackage('@keyv/postgres', base)).find(Boolean)
  const Pool = file === undefined ? undefined : findPoolClass(file)
  if (!Pool || !canBePooled(KeyvPostgres) || opts.uri === undefined) {
    return async () => adapter.disconnect()
  }
  const pool = createPool(Pool, opts.uri, opts)
  const provide = createProvider(KeyvPostgres, opts, pool)
  adapter.query = async (sql, values) => provide().query(sql, values)
  // Another adapter may have ended it before.
  adapter.disconnect().catch(() => {})
  return async () => pool.close()
}
