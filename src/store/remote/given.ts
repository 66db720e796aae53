import { AsyncLocalStorage } from 'node:async_hooks'
import { MagnificError } from '../../core/errors.ts'
import { describeNoStore, isKeyvLike } from '../../core/remote-option.ts'
import type { KeyvLike, RemoteOption } from '../../core/remote-option.ts'
import type { Claims, RemotePort } from './port.ts'
import {
  adoptPostgres,
  createPostgresClaims,
  findPostgresWeakness,
  isPostgresAdapter,
} from './postgres.ts'
import { createRedisClaims, findRedisWeakness, holdRedis, isRedisAdapter } from './redis.ts'
import { expectText } from './texts.ts'

/** What a Keyv or an adapter may have beside its methods. */
type Store = KeyvLike & {
  constructor?: { name: string }
  store?: unknown
  ttl?: unknown
  throwOnErrors?: boolean
  throwOnConnectError?: boolean
  on?: (event: 'error', listener: (error: unknown) => void) => unknown
  off?: (event: 'error', listener: (error: unknown) => void) => unknown
  disconnect?: () => unknown
}

/**
 * A port to a store of the user's: values go through its own methods, as it serialises and compresses them. It has claims
 * where the adapter in it is that of Redis or PostgreSQL.
 *
 * @param from where packages may be found, as for `loadPeer`
 * @throws MagnificError `BAD_OPTIONS` where a function returns no store; whatever the function throws
 */
export async function openGiven(
  remote: Exclude<RemoteOption, string>,
  from: readonly string[],
): Promise<RemotePort> {
  const store: Store = typeof remote === 'function' ? await remote() : remote
  if (!isKeyvLike(store)) {
    throw new MagnificError(
      'BAD_OPTIONS',
      `The function that is \`cache.remote\` must return a Keyv or a storage adapter of Keyv, ${describeNoStore(store)}.`,
    )
  }
  const layers = listLayers(store)
  const adapter = layers.at(-1) ?? store
  const { attempt, stop } = watchErrors(layers)
  const release = share(adapter, store, from)
  return {
    name: describeLayers(layers),
    canReopen:
      typeof remote === 'function' || isRedisAdapter(adapter) || isPostgresAdapter(adapter),
    get: async (key) => {
      const { result, failure } = await attempt(() => store.get(key))
      const text = expectText(result)
      if (text === undefined && failure) throw failure
      return text
    },
    set: async (key, value) => {
      const { result, failure } = await attempt(() => store.set(key, value))
      if (result === false) throw failure ?? new Error(`The store says that ${key} was not set.`)
    },
    claims: createDetectedClaims(adapter),
    findWeakness: async () => {
      try {
        return await findWeakness(layers, adapter)
      } catch {
        return undefined
      }
    },
    close: async () => {
      await release()
      stop()
    },
  }
}

/** What ports that share an adapter hold together. */
interface Connection {
  ports: number
  end: () => unknown
}

const connections = new WeakMap<object, Connection>()

/** Counts one more port of an adapter. @returns what counts it off, and ends the connection with the last one */
function share(adapter: Store, store: Store, from: readonly string[]): () => Promise<void> {
  const connection = connections.get(adapter) ?? { ports: 0, end: prepareEnd(adapter, store, from) }
  connections.set(adapter, connection)
  connection.ports++
  return async () => {
    if (--connection.ports > 0) return
    connections.delete(adapter)
    await connection.end()
  }
}

function prepareEnd(adapter: Store, store: Store, from: readonly string[]): () => unknown {
  if (isPostgresAdapter(adapter)) return adoptPostgres(adapter, from)
  if (isRedisAdapter(adapter)) return holdRedis(adapter)
  return () => store.disconnect?.()
}

/** A store and what is in it, down to the adapter: Keyv 6 puts a bridge between itself and the adapters of Keyv 5. */
function listLayers(store: Store): Store[] {
  const layers = [store]
  for (let next = store.store; isKeyvLike(next); next = (next as Store).store) {
    if (layers.includes(next)) break
    layers.push(next)
  }
  return layers
}

function describeLayers(layers: readonly Store[]): string {
  const [outer, ...inner] = layers.map(({ constructor: maker }) =>
    maker === undefined || maker === Object ? 'store' : maker.name,
  )
  return [`a ${outer}`, inner.at(-1)].filter(Boolean).join(' with ')
}

function createDetectedClaims(adapter: Store): Claims | undefined {
  if (isRedisAdapter(adapter)) return createRedisClaims(adapter)
  if (isPostgresAdapter(adapter)) return createPostgresClaims(adapter)
  return undefined
}

async function findWeakness(layers: readonly Store[], adapter: Store): Promise<string | undefined> {
  for (const { ttl } of layers) {
    if (typeof ttl === 'number' && ttl > 0) {
      return `its \`ttl\` is ${ttl} ms, after which what was paid for is gone`
    }
  }
  if (isRedisAdapter(adapter)) return findRedisWeakness(adapter)
  if (isPostgresAdapter(adapter)) return findPostgresWeakness(adapter)
  return undefined
}

interface Attempt {
  result: unknown
  /** The error that was emitted meanwhile, by what ran for this call. */
  failure?: Error
}

/** Emitters that may emit errors as late as they like. */
const tamed = new WeakSet<object>()

/**
 * Has a store throw its errors, and listens to those that it emits, which would end the process otherwise, for good: some
 * come when the port is closed. Keyv 6 throws none: a failed read looks like a missing value, but for the error that is
 * emitted in its course.
 */
function watchErrors(layers: readonly Store[]): {
  attempt: (call: () => unknown) => Promise<Attempt>
  stop: () => void
} {
  for (const layer of layers) {
    if ('throwOnErrors' in layer) layer.throwOnErrors = true
    if ('throwOnConnectError' in layer) layer.throwOnConnectError = true
    if (!tamed.has(layer)) layer.on?.('error', () => {})
    tamed.add(layer)
  }
  const [outer] = layers
  if (layers.length === 1 || outer === undefined || 'throwOnErrors' in outer) {
    const attempt = async (call: () => unknown): Promise<Attempt> => ({ result: await call() })
    return { attempt, stop: () => {} }
  }
  // Following calls makes every promise of the process slower before Node 24, so this is for who needs it.
  const attempts = new AsyncLocalStorage<Attempt>()
  const listener = (error: unknown): void => {
    const running = attempts.getStore()
    if (running) running.failure ??= error instanceof Error ? error : new Error(String(error))
  }
  outer.on?.('error', listener)
  return {
    attempt: async (call) => {
      const attempt: Attempt = { result: undefined }
      attempt.result = await attempts.run(attempt, call)
      return attempt
    },
    stop: () => void outer.off?.('error', listener),
  }
}
