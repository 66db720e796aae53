import { AsyncLocalStorage } from 'node:async_hooks'
import { MagnificError } from '../../core/errors.ts'
import { describeNoStore, isKeyvLike } from '../../core/remote-option.ts'
import type { KeyvLike, RemoteOption } from '../../core/remote-option.ts'
import type { Claims, RemotePort } from './port.ts'
import {
  createPostgresClaims,
  findPostgresWeakness,
  isPostgresAdapter,
  reopenPostgres,
} from './postgres.ts'
import { createRedisClaims, findRedisWeakness, isRedisAdapter } from './redis.ts'
import { expectText } from './texts.ts'

/** What a Keyv or an adapter may have beside its methods. */
type Store = KeyvLike & {
  store?: unknown
  ttl?: unknown
  throwOnErrors?: boolean
  throwOnConnectError?: boolean
  on?: (event: 'error', listener: (error: unknown) => void) => unknown
  off?: (event: 'error', listener: (error: unknown) => void) => unknown
  disconnect?: () => unknown
}

/** Ports that are open, by the adapter that they share. */
const openPorts = new WeakMap<object, number>()
/** Adapters that were disconnected when their last port was closed. */
const disconnected = new WeakSet<object>()

/**
 * A port to a store of the user's: values go through its own methods, as it serialises and compresses them. It has claims
 * where the adapter in it is that of Redis or PostgreSQL.
 *
 * @throws MagnificError `BAD_OPTIONS` where a function returns no store; whatever the function throws
 */
export async function openGiven(remote: Exclude<RemoteOption, string>): Promise<RemotePort> {
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
  if (disconnected.delete(adapter) && isPostgresAdapter(adapter)) reopenPostgres(adapter)
  openPorts.set(adapter, (openPorts.get(adapter) ?? 0) + 1)
  return {
    name: describeLayers(layers),
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
      const left = (openPorts.get(adapter) ?? 1) - 1
      openPorts.set(adapter, left)
      if (left > 0) return stop()
      disconnected.add(adapter)
      // Without waiting for answers, which may never come.
      await (isRedisAdapter(adapter) ? adapter.disconnect(true) : store.disconnect?.())
      stop()
    },
  }
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
  const [outer, ...inner] = layers.map(({ constructor: { name } }) =>
    name === 'Object' ? 'store' : name,
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
  failure: Error | undefined
}

/**
 * Has a store throw its errors, and listens to those that it emits, which would end the process otherwise. Keyv 6 throws
 * none: a failed read looks like a missing value, but for the error that is emitted in its course.
 */
function watchErrors(layers: readonly Store[]): {
  attempt: (call: () => unknown) => Promise<Attempt>
  stop: () => void
} {
  const attempts = new AsyncLocalStorage<Attempt>()
  const listener = (error: unknown): void => {
    const running = attempts.getStore()
    if (running) running.failure ??= error instanceof Error ? error : new Error(String(error))
  }
  for (const layer of layers) {
    if ('throwOnErrors' in layer) layer.throwOnErrors = true
    if ('throwOnConnectError' in layer) layer.throwOnConnectError = true
    layer.on?.('error', listener)
  }
  const [outer] = layers
  const isSilent = layers.length > 1 && outer !== undefined && !('throwOnErrors' in outer)
  return {
    attempt: async (call) => {
      const attempt: Attempt = { result: undefined, failure: undefined }
      // Following calls makes every promise of the process slower before Node 24.
      attempt.result = await (isSilent ? attempts.run(attempt, call) : call())
      return attempt
    },
    stop: () => {
      for (const layer of layers) layer.off?.('error', listener)
    },
  }
}
