import type { HostSettings } from './options.ts'
import { suggest } from './nearest.ts'
import { nameKind } from './option-readers.ts'

/** What stores texts by key: a Keyv 5 or 6, or a storage adapter. Known by this shape, whichever copy of Keyv it is of. */
export interface KeyvLike {
  get(key: string): unknown
  set(key: string, value: string): unknown
  delete(key: string): unknown
}

/**
 * Sets a text unless one is there, in one step for all machines.
 *
 * @returns the text that stands there afterwards: `text`, or that of who came first
 */
export type ClaimFunction = (key: string, text: string) => Promise<string>

/** What `cache.remote` may be: a URL, a store, or what makes one when it is needed. */
export type RemoteOption = string | KeyvLike | (() => KeyvLike | Promise<KeyvLike>)

/** The kinds of store that a URL can name. */
export type RemoteKind = 'redis' | 'postgres'

const kinds: Readonly<Record<string, RemoteKind>> = {
  redis: 'redis',
  rediss: 'redis',
  valkey: 'redis',
  valkeys: 'redis',
  postgres: 'postgres',
  postgresql: 'postgres',
}
const schemes = Object.keys(kinds)
const allowed = schemes.map((scheme) => `${scheme}:`).join(', ')

/** The kind of store that a URL names by its scheme; `undefined` where it is none of ours. */
export function remoteKindOf(url: string): RemoteKind | undefined {
  return kinds[schemeOf(url)]
}

/** A URL for people: scheme, host, port and path. What else there is may be a secret. */
export function redactRemote(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}

/** Whether something can be used as a store: a Map can, too. */
export function isKeyvLike(value: unknown): value is KeyvLike {
  if (typeof value !== 'object' || value === null) return false
  const { get, set, delete: remove } = value as Record<string, unknown>
  return [get, set, remove].every((method) => typeof method === 'function')
}

/** What is wrong with something that is no store, as a clause. */
export function describeNoStore(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `got ${nameKind(value)}`
  const methods = ['get', 'set', 'delete'] as const
  const missing = methods.filter(
    (method) => typeof (value as Record<string, unknown>)[method] !== 'function',
  )
  return `got an object without ${missing.map((method) => `${method}()`).join(', ')}`
}

/**
 * The store that machines share, as `$MAGNIFIC_CACHE_REMOTE` or else `cache.remote` names it; `false` stands for none, as an
 * empty text does in the option. What is wrong is added to `problems`, without the URL, which may hold a password.
 */
export function readRemote(
  value: unknown,
  env: HostSettings['env'],
  problems: string[],
): RemoteOption | undefined {
  const fromEnv = env['MAGNIFIC_CACHE_REMOTE']?.trim()
  if (fromEnv === 'false') return undefined
  if (fromEnv) return readUrl('`$MAGNIFIC_CACHE_REMOTE`', fromEnv, problems)
  if (value === undefined || value === false) return undefined
  if (typeof value === 'string') return readUrl('`cache.remote`', value.trim(), problems)
  if (typeof value === 'function') return value as () => KeyvLike
  if (isKeyvLike(value)) return value
  problems.push(
    `\`cache.remote\` must be a URL (${allowed}), a Keyv, a storage adapter of Keyv, or a function that returns one of these, ${describeNoStore(value)}.`,
  )
  return undefined
}

function readUrl(name: string, url: string, problems: string[]): string | undefined {
  if (url === '') return undefined
  const problem = findProblem(url)
  if (problem === undefined) return url
  problems.push(`${name} ${problem}`)
  return undefined
}

/** What is wrong with a URL, as the rest of a sentence about it that never quotes more of it than its scheme. */
function findProblem(url: string): string | undefined {
  const scheme = schemeOf(url)
  const kind = kinds[scheme]
  if (kind === undefined) {
    const got = scheme === '' ? '' : `, got ${scheme}:`
    return `must begin with one of ${allowed} and name a server, such as redis://cache.example:6379${got}.${suggest(scheme, schemes)} Any other store can be given in code, as a Keyv.`
  }
  const example =
    kind === 'redis' ? `${scheme}://cache.example:6379/0` : `${scheme}://db.example:5432/app`
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  // A password that is not encoded ends at its first slash, and the rest of it looks like a path, which we show.
  const isTorn = parsed !== undefined && /[@#]/.test(parsed.pathname + parsed.search + parsed.hash)
  if (!parsed || isTorn || !canDecode(parsed.username + parsed.password)) {
    return `must be a URL such as ${example}. In a user name or a password, all but letters, digits, "-", "_", "." and "~" has to be percent-encoded, "@" as %40.`
  }
  if (kind === 'redis') {
    if (parsed.hostname === '') return `must name a server, such as ${example}.`
    if (!/^\/?\d*$/.test(parsed.pathname)) {
      return `must have nothing but the number of a database as its path, such as ${example}.`
    }
  }
  return undefined
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** In small letters; empty where there is none. A text before a colon alone may be a user name, which is no scheme. */
function schemeOf(url: string): string {
  return /^([a-z][a-z\d+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase() ?? ''
}
