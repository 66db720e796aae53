import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { MagnificError } from '../../core/errors.ts'
import { redactRemote } from '../../core/remote-option.ts'
import { claimKey } from './claims.ts'
import { loadPeer } from './load-peer.ts'
import type { Claims, RemotePort } from './port.ts'
import { expectText } from './texts.ts'

type Query = (sql: string, values?: readonly unknown[]) => Promise<Array<Record<string, unknown>>>

/** `@keyv/postgres` 2. */
export interface PostgresAdapter {
  opts: { table: string; schema: string; useUnloggedTable?: boolean | undefined }
  query: Query
  namespace?: string | undefined
  get(key: string): Promise<unknown>
  set(key: string, value: string): Promise<unknown>
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
    read,
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

/** Makes an adapter usable again that was disconnected, with a pool that is new to it. */
export function reopenPostgres(adapter: PostgresAdapter): void {
  const fresh = new (adapter.constructor as PostgresConstructor)(adapter.opts)
  fresh.on('error', () => {})
  adapter.query = fresh.query
}

/** ms. Calls are given up earlier; this is when the connection is. */
const connectionTimeoutMillis = 5000
/** ms. A query that is not answered by then has a connection that is of no use any more. */
const queryTimeout = 10_000

interface PostgresPool {
  query(sql: string, values?: readonly unknown[]): Promise<{ rows: Array<Record<string, unknown>> }>
  end(): Promise<void>
  on(event: 'error', listener: (error: unknown) => void): unknown
}
type PoolConstructor = new (settings: object) => PostgresPool
interface PostgresConstructor {
  new (settings: object): PostgresAdapter
  prototype: { connect?: () => Promise<Query> }
}

/**
 * A port to the PostgreSQL of a URL, with a table of ours. It connects at the first call.
 *
 * @throws MagnificError `BAD_OPTIONS` where `@keyv/postgres` is missing
 */
export async function openPostgres(url: string, from: readonly string[]): Promise<RemotePort> {
  const { protocol } = new URL(url)
  const { file, exports } = await loadPeer('@keyv/postgres', protocol.slice(0, -1), from)
  const KeyvPostgres = exports['KeyvPostgres'] as PostgresConstructor | undefined
  const { Pool } = createRequire(file)('pg') as { Pool: PoolConstructor }
  if (typeof KeyvPostgres?.prototype.connect !== 'function') {
    throw new MagnificError(
      'BAD_OPTIONS',
      'The installed version of @keyv/postgres is not supported. Update it: npm i -D @keyv/postgres@^2.2',
    )
  }
  const sockets = new Set<Socket>()
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis,
    query_timeout: queryTimeout,
    keepAlive: true,
    allowExitOnIdle: true,
    stream: () => trackSocket(sockets),
  })
  // Emitted when the server ends a connection that nobody uses. Without a listener, it would end the process.
  pool.on('error', () => {})
  const provide = createProvider(KeyvPostgres, pool)
  return {
    name: redactRemote(url),
    get: async (key) => expectText(await provide().get(key)),
    set: async (key, value) => void (await provide().set(key, value)),
    claims: {
      create: async (key, text) => createPostgresClaims(provide()).create(key, text),
      read: async (key) => createPostgresClaims(provide()).read(key),
    },
    findWeakness: async () => undefined,
    close: async () => {
      const ended = pool.end()
      for (const socket of sockets) socket.destroy()
      await ended
    },
  }
}

/** What a user may not do, while the table may be there for reading. */
const forbidden = ['42501', '25006']

/**
 * Hands out an adapter whose table is there, as far as is known. An adapter makes its table once, when it is made, or never:
 * where that failed, the next call gets a new adapter.
 */
function createProvider(
  KeyvPostgres: PostgresConstructor,
  pool: PostgresPool,
): () => PostgresAdapter {
  /** With a pool of its own: that of the package is one for the whole process, and who ends it ends it for all. */
  class PooledPostgres extends KeyvPostgres {
    async connect(): Promise<Query> {
      return async (sql, values) => (await pool.query(sql, values)).rows
    }
  }
  let current: PostgresAdapter | undefined
  return () => {
    if (current) return current
    const adapter = new PooledPostgres({ table: 'magnific_cache' })
    adapter.on('error', (error) => {
      const { code } = error as { code?: string }
      if (current === adapter && !forbidden.includes(code ?? '')) current = undefined
    })
    current = adapter
    return adapter
  }
}

function trackSocket(sockets: Set<Socket>): Socket {
  const socket = new Socket()
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  return socket
}
