import { MagnificError } from './errors.ts'
import { isLoopback, serviceOf } from './fingerprint.ts'
import { logLevels } from './logger.ts'
import type { LogLevel } from './logger.ts'
import { suggest } from './nearest.ts'
import { checkValue, fieldNames, fields, findField, queryKey } from './params.ts'
import type { Params } from './params.ts'

/** Request fields under the names that they have in the query: `{ magnific: '4x', engine: 'magnific_sharpy' }`. */
export type RequestFields = Omit<Params, 'scale_factor'> & {
  magnific?: Params['scale_factor'] | undefined
}

/** What happens to an image whose result is not in the cache. */
export type MissPolicy = 'upscale' | 'error' | 'preview' | 'original'

const missPolicies = [
  'upscale',
  'error',
  'preview',
  'original',
] as const satisfies readonly MissPolicy[]

/** The plugin's options, all optional. */
export interface Options {
  /**
   * The API key. Never logged, cached or bundled.
   * @default $FREEPIK_API_KEY, then $MAGNIFIC_API_KEY
   */
  apiKey?: string | undefined
  /**
   * The API's origin; `http:` only for loopback.
   * @default $MAGNIFIC_BASE_URL, then https://api.freepik.com
   */
  baseUrl?: string | undefined
  /**
   * What happens to an image whose result is not in the cache: `upscale` pays for it, `error` fails the build,
   * `preview` ships a local resample of the right size, `original` ships the source. A plain text sets both,
   * but for `'upscale'`, which is about builds alone.
   * @default { build: 'upscale', serve: 'preview' }; $MAGNIFIC_ON_MISS wins
   */
  onMiss?: MissPolicy | { build?: MissPolicy; serve?: MissPolicy } | undefined
  /** Request fields for every image; a preset or the query wins. */
  defaults?: RequestFields | undefined
  /** Named sets of request fields, asked for with `?magnific=<name>`. */
  presets?: Record<string, RequestFields> | undefined
  /**
   * Tasks in flight at once.
   * @default 8
   */
  concurrency?: number | undefined
  /**
   * The longest wait for one task, in ms. A task that is not done by then stays in the journal, and the next
   * build takes it up again.
   * @default 1_800_000
   */
  deadline?: number | undefined
  cache?:
    | {
        /**
         * Where results are kept, relative to the host's root.
         * @default $MAGNIFIC_CACHE_DIR, then .magnific
         */
        dir?: string | undefined
      }
    | undefined
  /** Query keys that belong to another plugin: they are handed on. */
  passthrough?: string[] | undefined
  /**
   * How much is said.
   * @default 'info'
   */
  logLevel?: LogLevel | undefined
}

/** What the host tells about the build. */
export interface HostSettings {
  /** Absolute path of the project. */
  root: string
  /** `serve` for a dev server and for watch modes: what people leave running. */
  command: 'build' | 'serve'
  env: Readonly<Record<string, string | undefined>>
}

/** The options with every default filled in; never changed afterwards. */
export interface ResolvedOptions {
  readonly root: string
  readonly command: HostSettings['command']
  readonly apiKey: string | undefined
  /** Origin without a trailing slash. */
  readonly baseUrl: string
  /** Part of the fingerprint: see `serviceOf`. */
  readonly service: string
  readonly onMiss: MissPolicy
  readonly defaults: Params
  readonly presets: Readonly<Record<string, Params>>
  readonly concurrency: number
  /** ms */
  readonly deadline: number
  /** As the user or the default says it: absolute, or relative to `root`. */
  readonly cacheDir: string
  readonly passthrough: readonly string[]
  readonly logLevel: LogLevel
}

const optionNames = [
  'apiKey',
  'baseUrl',
  'onMiss',
  'defaults',
  'presets',
  'concurrency',
  'deadline',
  'cache',
  'passthrough',
  'logLevel',
] as const satisfies readonly (keyof Options)[]

/**
 * Fills in defaults and checks everything.
 *
 * @throws MagnificError `BAD_OPTIONS` with every problem listed
 */
export function resolveOptions(options: Options, host: HostSettings): ResolvedOptions {
  const problems: string[] = []
  const { env } = host
  reportUnknown('', options, optionNames, problems)

  const baseUrl =
    options.baseUrl === undefined && env['MAGNIFIC_BASE_URL']
      ? readBaseUrl('$MAGNIFIC_BASE_URL', env['MAGNIFIC_BASE_URL'], problems)
      : readBaseUrl('`baseUrl`', options.baseUrl, problems)
  const resolved: ResolvedOptions = {
    root: host.root,
    command: host.command,
    apiKey: readApiKey(
      options.apiKey ?? (env['FREEPIK_API_KEY'] || env['MAGNIFIC_API_KEY'] || undefined),
      problems,
    ),
    baseUrl,
    service: serviceOf(baseUrl),
    onMiss: readMissPolicy(options.onMiss, host, problems),
    defaults: readFields('defaults', options.defaults ?? {}, problems),
    presets: readPresets(options.presets ?? {}, problems),
    concurrency: readCount('concurrency', options.concurrency ?? 8, 1, 100, problems),
    deadline: readCount('deadline', options.deadline ?? 30 * 60_000, 1000, 2 ** 31 - 1, problems),
    cacheDir: readCacheDir(options.cache, env, problems),
    passthrough: readPassthrough(options.passthrough ?? [], problems),
    logLevel: readOneOf('logLevel', options.logLevel ?? 'info', logLevels, 'info', problems),
  }
  if (problems.length > 0) {
    throw new MagnificError(
      'BAD_OPTIONS',
      `The options of unplugin-magnific are refused. Mend these:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
  }
  return resolved
}

function reportUnknown(
  path: string,
  value: object,
  allowed: readonly string[],
  problems: string[],
): void {
  for (const name of Object.keys(value)) {
    if (allowed.includes(name)) continue
    problems.push(
      `Unknown option \`${path}${name}\`.${suggest(name, allowed)} Allowed are ${allowed.join(', ')}.`,
    )
  }
}

function readApiKey(key: unknown, problems: string[]): string | undefined {
  if (key === undefined) return undefined
  const trimmed = typeof key === 'string' ? key.trim() : ''
  // The value itself is never shown.
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    problems.push('`apiKey` must be a text of printable ASCII characters without spaces.')
    return undefined
  }
  return trimmed
}

function readBaseUrl(name: string, value: unknown, problems: string[]): string {
  const fallback = 'https://api.freepik.com'
  if (value === undefined) return fallback
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const secure =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  const secret = url !== undefined && url.username + url.password !== ''
  const bare = url?.pathname === '/' && url.search === '' && url.hash === '' && !secret
  if (url && secure && bare) return url.origin
  problems.push(
    `${name} must be an https: origin without path, query, user name or password (http: only for loopback), such as ${fallback}${secret ? '' : `, got ${show(value)}`}.`,
  )
  return fallback
}

function readMissPolicy(
  value: Options['onMiss'],
  host: HostSettings,
  problems: string[],
): MissPolicy {
  const policies: Record<'build' | 'serve', MissPolicy> = { build: 'upscale', serve: 'preview' }
  const fromEnv = host.env['MAGNIFIC_ON_MISS']
  if (isPlainObject(value)) {
    reportUnknown('onMiss.', value, ['build', 'serve'], problems)
    for (const command of ['build', 'serve'] as const) {
      const fallback = policies[command]
      policies[command] = readOneOf(
        `onMiss.${command}`,
        value[command] ?? fallback,
        missPolicies,
        fallback,
        problems,
      )
    }
  } else if (value !== undefined) {
    setBoth(policies, readOneOf('onMiss', value, missPolicies, 'error', problems))
  }
  if (fromEnv) {
    setBoth(policies, readOneOf('$MAGNIFIC_ON_MISS', fromEnv, missPolicies, 'error', problems))
  }
  return policies[host.command]
}

/** Spending while a server runs is asked for by name, `onMiss: { serve: 'upscale' }`, or not at all. */
function setBoth(policies: Record<'build' | 'serve', MissPolicy>, policy: MissPolicy): void {
  policies.build = policy
  if (policy !== 'upscale') policies.serve = policy
}

function readFields(path: string, value: unknown, problems: string[]): Params {
  const params: Params = {}
  if (!isPlainObject(value)) {
    problems.push(`\`${path}\` must be an object of request fields, got ${show(value)}.`)
    return params
  }
  const keys = fieldNames.map(queryKey)
  for (const [key, said] of Object.entries(value)) {
    const field = findField(key)
    if (said === undefined) continue
    if (!field) {
      problems.push(
        `\`${path}.${key}\` is no request field.${suggest(key, keys)} Allowed are ${keys.join(', ')}.`,
      )
      continue
    }
    const problem = checkValue(field, said)
    if (problem) problems.push(`In \`${path}\`: ${problem}`)
    else Object.assign(params, { [field]: said })
  }
  return params
}

function readPresets(value: unknown, problems: string[]): Record<string, Params> {
  if (!isPlainObject(value)) {
    problems.push(`\`presets\` must be an object of presets by name, got ${show(value)}.`)
    return {}
  }
  const presets: Record<string, Params> = {}
  for (const [name, preset] of Object.entries(value)) {
    if (
      !/^[A-Za-z][\w-]*$/.test(name) ||
      (fields.scale_factor.values as readonly string[]).includes(name)
    ) {
      problems.push(
        `The preset name "${name}" must begin with a letter and hold only letters, digits, "-" and "_".`,
      )
    }
    presets[name] = readFields(`presets.${name}`, preset, problems)
  }
  return presets
}

function readCacheDir(cache: unknown, env: HostSettings['env'], problems: string[]): string {
  const fallback = env['MAGNIFIC_CACHE_DIR'] || '.magnific'
  if (cache === undefined) return fallback
  if (!isPlainObject(cache)) {
    problems.push(`\`cache\` must be an object such as { dir: '.magnific' }, got ${show(cache)}.`)
    return fallback
  }
  reportUnknown('cache.', cache, ['dir'], problems)
  const { dir = fallback } = cache
  if (typeof dir === 'string' && dir.trim() !== '') return dir
  problems.push(`\`cache.dir\` must be a path, got ${show(dir)}.`)
  return fallback
}

function readPassthrough(value: unknown, problems: string[]): string[] {
  if (Array.isArray(value) && value.every((key) => typeof key === 'string')) {
    for (const key of value.filter((name: string) => findField(name))) {
      problems.push(`\`passthrough\` holds "${key}", which is a request field. Take it out.`)
    }
    return value
  }
  problems.push(`\`passthrough\` must be a list of query keys, got ${show(value)}.`)
  return []
}

function readCount(
  name: string,
  value: unknown,
  min: number,
  max: number,
  problems: string[],
): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number
  }
  problems.push(`\`${name}\` must be a whole number from ${min} to ${max}, got ${show(value)}.`)
  return min
}

function readOneOf<T extends string>(
  name: string,
  value: unknown,
  allowed: readonly T[],
  fallback: T,
  problems: string[],
): T {
  if (allowed.includes(value as T)) return value as T
  const hint = typeof value === 'string' ? suggest(value, allowed) : ''
  problems.push(`\`${name}\` must be one of ${allowed.join(', ')}, got ${show(value)}.${hint}`)
  return fallback
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
