import { directiveNames } from './directives.ts'
import { isLoopback } from './service.ts'
import { suggest } from './nearest.ts'
import type { BudgetLimits, HostSettings, MissPolicy, Options } from './options.ts'
import { checkValue, fieldNames, fields, findField, queryKey } from './params.ts'
import { addDirective } from './request.ts'
import type { Said } from './request.ts'

const missPolicies = [
  'upscale',
  'error',
  'preview',
  'original',
] as const satisfies readonly MissPolicy[]

// Each of these reads one option, adds what is wrong with it to `problems`, and returns something to go on with, so that all
// problems are found at once.

/** Names every key that is none, and the one that was perhaps meant. */
export function reportUnknown(
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

/** The key without the white space around it. The value itself is never shown. */
export function readApiKey(key: unknown, problems: string[]): string | undefined {
  if (key === undefined) return undefined
  const trimmed = typeof key === 'string' ? key.trim() : ''
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    problems.push('`apiKey` must be a text of printable ASCII characters without spaces.')
    return undefined
  }
  return trimmed
}

/** @param name how the problem speaks of it: the option, or the variable that it came from */
export function readBaseUrl(name: string, value: unknown, problems: string[]): string {
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

/** What `onMiss` and `$MAGNIFIC_ON_MISS` say about the command that runs. */
export function readMissPolicy(
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

/** Request fields and directives under the names of the query. */
export function readFields(path: string, value: unknown, problems: string[]): Said {
  const said: Said = { params: {}, directives: {} }
  if (!isPlainObject(value)) {
    problems.push(`\`${path}\` must be an object of request fields, got ${show(value)}.`)
    return said
  }
  const keys = [...fieldNames.map(queryKey), ...directiveNames, 'as']
  for (const [key, given] of Object.entries(value)) {
    const field = findField(key)
    if (given === undefined) continue
    if (!field && !keys.includes(key)) {
      problems.push(
        `\`${path}.${key}\` is no request field.${suggest(key, keys)} Allowed are ${keys.join(', ')}.`,
      )
      continue
    }
    const problem = field ? checkValue(field, given) : addDirectiveField(said, key, given)
    if (problem !== undefined) problems.push(`In \`${path}\`: ${problem}`)
    else if (field) Object.assign(said.params, { [field]: given })
  }
  return said
}

function addDirectiveField(said: Said, key: string, value: unknown): string | undefined {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  const isPlain = values.every((each) => ['string', 'number', 'boolean'].includes(typeof each))
  if (isPlain && values.length > 0) return addDirective(said, key, values.join(';'))
  return `\`${key}\` must be a text, a number, true or false, or a list of these, got ${show(value)}.`
}

/** The sets of request fields by name. */
export function readPresets(value: unknown, problems: string[]): Record<string, Said> {
  if (!isPlainObject(value)) {
    problems.push(`\`presets\` must be an object of presets by name, got ${show(value)}.`)
    return {}
  }
  const presets: Record<string, Said> = {}
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

/** Where the cache is where no option says so: relative to the project, or absolute. */
export function defaultCacheDir(env: HostSettings['env']): string {
  return env['MAGNIFIC_CACHE_DIR'] || '.magnific'
}

/** The query keys of other plugins; none of them may be a request field. */
export function readPassthrough(value: unknown, problems: string[]): string[] {
  if (Array.isArray(value) && value.every((key) => typeof key === 'string')) {
    for (const key of value.filter((name: string) => findField(name))) {
      problems.push(`\`passthrough\` holds "${key}", which is a request field. Take it out.`)
    }
    return value
  }
  problems.push(`\`passthrough\` must be a list of query keys, got ${show(value)}.`)
  return []
}

/** What may be spent. */
export function readBudget(value: unknown, problems: string[]): BudgetLimits {
  if (!isPlainObject(value)) {
    problems.push(
      `\`budget\` must be an object such as { tasks: 20, euros: 5 }, got ${show(value)}.`,
    )
    return { tasks: 0 }
  }
  reportUnknown('budget.', value, ['tasks', 'euros'], problems)
  const { tasks, euros } = value
  const limits: BudgetLimits = {}
  if (tasks !== undefined) limits.tasks = readCount('budget.tasks', tasks, 0, 1_000_000, problems)
  if (euros !== undefined) {
    if (typeof euros === 'number' && euros >= 0 && Number.isFinite(euros)) limits.euros = euros
    else problems.push(`\`budget.euros\` must be a number from 0, got ${show(euros)}.`)
  }
  return limits
}

/** Whether to prefetch, or for which sources. */
export function readPrefetch(value: unknown, problems: string[]): boolean | string[] {
  if (typeof value === 'boolean') return value
  const isList = Array.isArray(value) && value.length > 0
  if (isList && value.every((each) => typeof each === 'string' && each !== '')) return value
  problems.push(
    `\`prefetch\` must be true, false or a list of globs such as ['src/pages/**'], got ${show(value)}.`,
  )
  return false
}

/** A whole number from `min` to `max`. */
export function readCount(
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

/** Yes or no. A text such as 'false' is neither. */
export function readSwitch(
  name: string,
  value: unknown,
  fallback: boolean,
  problems: string[],
): boolean {
  if (typeof value === 'boolean') return value
  problems.push(`\`${name}\` must be true or false, got ${show(value)}.`)
  return fallback
}

/** One of the allowed words. */
export function readOneOf<T extends string>(
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

/** Whether a value can hold options: no array, no null. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a value is, where it is not to be shown, since it may hold a secret. */
export function nameKind(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'a text'
  const isPlain = value === null || !['object', 'function'].includes(typeof value)
  return isPlain ? String(value) : `a value of type ${typeof value}`
}

/** A value as it stands in code. */
export function show(value: unknown): string {
  // JSON knows neither NaN nor Infinity, and calls them null.
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
}
