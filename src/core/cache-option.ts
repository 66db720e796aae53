import {
  defaultCacheDir,
  isPlainObject,
  nameKind,
  readCount,
  readSwitch,
  reportUnknown,
} from './option-readers.ts'
import type { HostSettings, ResolvedSharing } from './options.ts'
import { readRemote, redactRemote } from './remote-option.ts'
import type { ClaimFunction, RemoteOption } from './remote-option.ts'
import { readSigning } from './signing-option.ts'

/** {@link CacheOption} with every default filled in. */
export interface ResolvedCache {
  dir: string
  readOnly: boolean
  sharing: ResolvedSharing | undefined
}

/** How long a shared cache may say nothing while it is read, ms. */
const defaultTimeout = 2000

/** `cache`, and what stands in for it in the environment. */
export function readCache(
  value: unknown,
  env: HostSettings['env'],
  problems: string[],
): ResolvedCache {
  const cache = value ?? {}
  if (!isPlainObject(cache)) {
    problems.push(
      // It may be a URL with a password.
      `\`cache\` must be an object such as { dir: '.magnific' } or { remote: 'redis://cache.example:6379' }, got ${nameKind(cache)}.`,
    )
    return { dir: defaultCacheDir(env), readOnly: true, sharing: undefined }
  }
  reportUnknown(
    'cache.',
    cache,
    ['dir', 'remote', 'claim', 'signing', 'readOnly', 'timeout'],
    problems,
  )
  const signing = readSigning(cache['signing'], env, problems)
  const asked = readSwitch('cache.readOnly', cache['readOnly'] ?? false, false, problems)
  const claim = readClaim(cache['claim'], problems)
  const timeout = readCount(
    'cache.timeout',
    cache['timeout'] ?? defaultTimeout,
    10,
    600_000,
    problems,
  )
  const remote = readRemote(cache['remote'], env, problems)
  // Whoever cannot sign writes nothing that others would take.
  const readOnly = asked || (remote !== undefined && signing !== undefined && !signing.privateKey)
  return {
    dir: readDir(cache['dir'], env, problems),
    readOnly,
    sharing:
      remote === undefined
        ? undefined
        : { remote, name: nameOf(remote), claim, signing, readOnly, timeout },
  }
}

function readDir(dir: unknown, env: HostSettings['env'], problems: string[]): string {
  const fallback = defaultCacheDir(env)
  if (dir === undefined) return fallback
  if (typeof dir === 'string' && dir.trim() !== '') return dir
  problems.push(
    `\`cache.dir\` must be a path, got ${typeof dir === 'string' ? 'an empty text' : nameKind(dir)}.`,
  )
  return fallback
}

function readClaim(claim: unknown, problems: string[]): ClaimFunction | undefined {
  if (claim === undefined || typeof claim === 'function') return claim as ClaimFunction | undefined
  problems.push(
    `\`cache.claim\` must be a function (key, text) => Promise<string> that sets a text unless one is there and resolves to the one that stands there, got ${nameKind(claim)}.`,
  )
  return undefined
}

function nameOf(remote: RemoteOption): string {
  return typeof remote === 'string' ? redactRemote(remote) : 'cache.remote'
}
