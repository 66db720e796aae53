import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { findPackage } from './load-peer.ts'
import type { PostgresAdapter, Query } from './postgres.ts'

/** ms. Calls are given up earlier; this is when the connection is. */
const connectionTimeoutMillis = 3000
/** ms. A query that is not answered by then has a connection that is of no use any more. */
const queryTimeout = 10_000

interface PgPool {
  query(sql: string, values?: readonly unknown[]): Promise<{ rows: Array<Record<string, unknown>> }>
  end(): Promise<void>
  on(event: 'error', listener: (error: unknown) => void): unknown
}
/** That of `pg`. */
export type PoolClass = new (settings: object) => PgPool

/** Connections to one database, which keep the process alive only while a query runs. */
export interface Pool {
  query: Query
  /** Ends all connections at once: what is not answered by then fails. */
  close(): Promise<void>
}

/** The class of `@keyv/postgres`, as far as it can be given connections. */
export interface PooledClass {
  new (settings: object): PostgresAdapter
  prototype: { connect(): Promise<Query> }
}

/** The `Pool` of the `pg` that a copy of `@keyv/postgres` uses; `undefined` where it is not found next to its main file. */
export function findPoolClass(file: string): PoolClass | undefined {
  const pg = findPackage('pg', file)
  return pg === undefined ? undefined : (createRequire(file)(pg) as { Pool: PoolClass }).Pool
}

/** Whether an adapter's class asks a method for its connections. */
export function canBePooled(value: unknown): value is PooledClass {
  if (typeof value !== 'function') return false
  const { connect } = (value as Partial<PooledClass>).prototype ?? {}
  return typeof connect === 'function'
}

/**
 * A pool of connections to the database of a URL.
 *
 * @param settings what else `pg` is to know; wins
 */
export function createPool(PgPool: PoolClass, url: string, settings: object = {}): Pool {
  const sockets = new Set<Socket>()
  const pool = new PgPool({
    connectionString: url,
    connectionTimeoutMillis,
    query_timeout: queryTimeout,
    keepAlive: true,
    ...settings,
    allowExitOnIdle: true,
    stream: () => {
      const socket = new Socket()
      sockets.add(socket)
      return socket.once('close', () => sockets.delete(socket))
    },
  })
  // Emitted when the server ends a connection that nobody uses. Without a listener, it would end the process.
  pool.on('error', () => {})
  return {
    query: async (sql, values) => (await pool.query(sql, values)).rows,
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
export function createProvider(
  KeyvPostgres: PooledClass,
  settings: object,
  pool: Pool,
): () => PostgresAdapter {
  class PooledPostgres extends KeyvPostgres {
    async connect(): Promise<Query> {
      return pool.query
    }
  }
  let current: PostgresAdapter | undefined
  return () => {
    if (current) return current
    const adapter = new PooledPostgres(settings)
    adapter.on('error', (error) => {
      const { code = '' } = error as { code?: string }
      if (current === adapter && !forbidden.includes(code)) current = undefined
    })
    current = adapter
    return adapter
  }
}
