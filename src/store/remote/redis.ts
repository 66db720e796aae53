import { MagnificError } from '../../core/errors.ts'
import { redactRemote } from '../../core/remote-option.ts'
import { claimKey } from './claims.ts'
import { loadPeer } from './load-peer.ts'
import type { Claims, RemotePort } from './port.ts'
import { expectText } from './texts.ts'

/** What of a client of node-redis is used: one server's, a cluster's or that of sentinels. */
interface RedisClient {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  destroy(): void
  get(key: string): Promise<unknown>
  set(key: string, value: string, options?: { NX: true }): Promise<unknown>
  /** Not there for clusters. */
  info?(section: string): Promise<unknown>
  configGet?(pattern: string): Promise<unknown>
  ref?(): void
  unref?(): void
  once(event: 'connect', listener: () => void): unknown
}

/** `@keyv/redis` from 4 on. */
export interface RedisAdapter {
  readonly client: RedisClient
  namespace?: string | undefined
  /** Connects where there is no connection. */
  getClient(): Promise<RedisClient>
  createKeyPrefix(key: string, namespace?: string): string
  get(key: string): Promise<unknown>
  set(key: string, value: string): Promise<unknown>
  /** @param force without waiting for answers */
  disconnect(force?: boolean): Promise<void>
  on(event: 'error', listener: (error: unknown) => void): unknown
}

/** Whether a storage adapter is that of Redis, whichever copy of the package it is of. */
export function isRedisAdapter(value: unknown): value is RedisAdapter {
  if (typeof value !== 'object' || value === null) return false
  const { client, getClient, createKeyPrefix } = value as Record<string, unknown>
  return (
    typeof getClient === 'function' &&
    typeof createKeyPrefix === 'function' &&
    typeof (client as RedisClient | undefined)?.connect === 'function'
  )
}

/** Claims as keys of their own, which no value's key is like. */
export function createRedisClaims(adapter: RedisAdapter): Claims {
  const keyOf = (key: string): string => adapter.createKeyPrefix(claimKey(key), adapter.namespace)
  const read = async (key: string): Promise<string | undefined> => {
    const client = await adapter.getClient()
    return expectText(await client.get(keyOf(key)))
  }
  return {
    keyOf,
    read,
    replace: async (key, text) => {
      const client = await adapter.getClient()
      await client.set(keyOf(key), text)
    },
    create: async (key, text) => {
      const client = await adapter.getClient()
      // `SET … NX GET` says both at once, but not before Redis 7.
      if ((await client.set(keyOf(key), text, { NX: true })) !== null) return text
      const standing = await read(key)
      if (standing !== undefined) return standing
      throw new Error(`The claim ${key} stood in Redis and is gone: something deletes its keys.`)
    },
  }
}

/** Why Redis may drop what is written, as a clause. Only where it says so itself. */
export async function findRedisWeakness(adapter: RedisAdapter): Promise<string | undefined> {
  const client = await adapter.getClient()
  const { limit, policy } = await readMemory(client)
  if (!(limit > 0) || !policy.startsWith('allkeys')) return undefined
  return `its maxmemory-policy is ${policy}, so that it drops what was paid for when it is full`
}

/** Of these two commands, one is often forbidden. */
async function readMemory(client: RedisClient): Promise<{ limit: number; policy: string }> {
  try {
    const info = String(await client.info?.('memory'))
    const limit = /^maxmemory:(\d+)/m.exec(info)?.[1]
    const policy = /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1]
    if (limit !== undefined && policy !== undefined) return { limit: Number(limit), policy }
  } catch {
    // The other one may be allowed.
  }
  const config = Object((await client.configGet?.('maxmemory*')) ?? {}) as Record<string, unknown>
  return { limit: Number(config['maxmemory']), policy: String(config['maxmemory-policy']) }
}

/** Clients of the user's that nobody uses any more. */
const released = new WeakSet<RedisClient>()

/**
 * Takes an adapter of the user's into use.
 *
 * @returns what ends its connection at once: what waits for an answer fails, and what waits for a connection may wait for ever
 */
export function holdRedis(adapter: RedisAdapter): () => Promise<void> {
  const { client } = adapter
  released.delete(client)
  client.ref?.()
  return async () => {
    released.add(client)
    // What is being connected now can't be ended, but need not keep the process alive.
    client.unref?.()
    client.once('connect', () => {
      if (released.has(client)) client.unref?.()
    })
    await adapter.disconnect(true)
  }
}

/** ms. Calls are given up earlier; this is when the connection is. */
const connectTimeout = 3000
/** ms. A connection that says nothing for so long may be dead without anybody knowing. The next call makes a new one. */
const silence = 10_000

type RedisConstructor = new (connect: object, options: object) => RedisAdapter

/**
 * A port to the Redis of a URL. It connects at the first call, and again at the next one after the connection broke: no call
 * waits for a server to come back.
 *
 * @throws MagnificError `BAD_OPTIONS` where `@keyv/redis` is missing
 */
export async function openRedis(url: string, from: readonly string[]): Promise<RemotePort> {
  const { protocol } = new URL(url)
  const { exports } = await loadPeer('@keyv/redis', protocol.slice(0, -1), from)
  const KeyvRedis = exports['default'] as RedisConstructor
  // The client cannot end a connection that is being made. This does.
  const ending = new AbortController()
  const { signal } = ending
  const options = {
    url: url.replace(/^valkey/i, 'redis'),
    socket: { connectTimeout, socketTimeout: silence, reconnectStrategy: false, signal },
  }
  const adapter = new KeyvRedis(options, { throwOnErrors: true, throwOnConnectError: true })
  if (!isRedisAdapter(adapter)) {
    throw new MagnificError(
      'BAD_OPTIONS',
      'The installed version of @keyv/redis is not supported. Update it: npm i -D @keyv/redis@^5.1',
    )
  }
  // Who calls gets the error, too. Without a listener, it would end the process.
  adapter.on('error', () => {})
  const call = createCaller(adapter.client)
  const claims = createRedisClaims(adapter)
  return {
    name: redactRemote(url),
    canReopen: true,
    get: async (key) => call(async () => expectText(await adapter.get(key))),
    set: async (key, value) => call(async () => void (await adapter.set(key, value))),
    claims: {
      keyOf: claims.keyOf,
      create: async (key, text) => call(async () => claims.create(key, text)),
      read: async (key) => call(async () => claims.read(key)),
      replace: async (key, text) => call(async () => claims.replace(key, text)),
    },
    findWeakness: async () => call(async () => findRedisWeakness(adapter)).catch(() => undefined),
    close: async () => {
      ending.abort()
      await adapter.disconnect(true)
    },
  }
}

/** Makes calls with a connection that keeps the process alive as long as one of them waits, and no longer. */
function createCaller(client: RedisClient): <T>(call: () => Promise<T>) => Promise<T> {
  let connecting: Promise<unknown> | undefined
  let waiting = 0
  const connect = async (): Promise<void> => {
    try {
      await client.connect()
    } finally {
      connecting = undefined
    }
  }
  return async (call) => {
    if (waiting++ === 0) client.ref?.()
    try {
      // The adapter would connect as well, but adds its listeners to the client once more each time.
      if (!client.isOpen) connecting ??= connect()
      await connecting
      return await call()
    } finally {
      if (--waiting === 0) client.unref?.()
    }
  }
}
