import { MagnificError } from './errors.ts'
import { directiveNames, expandShorthand, isDirective, readDirective } from './directives.ts'
import type { Directives, GivenDirectives } from './directives.ts'
import { findNearest, suggest } from './nearest.ts'
import { readOutput, urlOutput } from './outputs.ts'
import type { Output } from './outputs.ts'
import { checkValue, describeField, fieldNames, findField, queryKey, readValue } from './params.ts'
import type { FieldName, Params } from './params.ts'
import { findContradictions, planVariants } from './plan.ts'

/** A parsed, normalised query. */
export interface Request {
  /** What is sent to the API. */
  params: Params
  /** What happens after the upscale, free of charge: one for each variant, in order; one at least. */
  variants: readonly Directives[]
  /** What is made of the variants' URLs. */
  output: Output
  /** What is left for the host, without a question mark: `url`, a key of another plugin, or nothing. */
  hostQuery: string
}

/** What was said in a query, a preset or the defaults. */
export interface Said {
  params: Params
  directives: GivenDirectives
  output?: Output | undefined
}

/** What a query may refer to: the user's own words for a set of fields. */
export interface Vocabulary {
  defaults: Said
  presets: Readonly<Record<string, Said>>
  /** Keys that belong to another plugin: they are handed on. */
  passthrough: readonly string[]
}

/** Longer than any prompt; servers do not take longer URLs either. */
const longestQuery = 8000
/** Requests by hand may hold any number of queries; a project has a few. */
export const plentyOfQueries = 1000
/** So many problems are told at once. */
const manyProblems = 8

/** Keys that mean something to the host: it gets them back. */
const handedOn = ['url', 'inline', 'no-inline']
/** Keys that the host adds for itself and has done with by now. */
const ignored = ['import', 't', 'v']
/** Keys that nobody else's query is likely to hold: where `magnific` is not beside the others, it was forgotten. */
export const ownKeys: readonly string[] = [
  'magnific',
  'scale_factor',
  'optimized_for',
  'resemblance',
  'fractality',
  'filter_nsfw',
]

/** Every key within two edits of `magnific` has one of these pieces left, unless its letters are escaped. */
const nearMagnific = '[?&;][^=&#]{0,8}(?:mag|ni|fic|%[4-7])'

/** Whether a text may hold a reference: a cheap first test before `isReference`. */
export const referenceFilter: RegExp = new RegExp(
  `${nearMagnific}|[?&;][^#]{0,500}(?:${ownKeys.join('|')})`,
  'i',
)

/**
 * The same of one id or specifier, and of some more: for filters of hooks. Rolldown compiles them anew in each build, and a
 * counted repetition as long as the one above costs it 10 ms.
 */
export const idFilters: RegExp[] = [
  new RegExp(nearMagnific, 'i'),
  // From the first mark on, and from no other: in long ids, each one would be tried with all that follows.
  new RegExp(`^[^?&;]*[?&;].*(?:${ownKeys.join('|')})`, 'is'),
]

/** `/a/hero.png?magnific=4x` in its two parts; the query comes without its question mark. */
export function splitReference(id: string): { file: string; query: string } {
  const mark = id.indexOf('?')
  return mark === -1
    ? { file: id, query: '' }
    : { file: id.slice(0, mark), query: id.slice(mark + 1) }
}

/**
 * Whether a query is for us to read: it asks for an upscale, or was meant to. What is meant and not said right is refused
 * when it is parsed; handed to the host, it would ship the original.
 *
 * @param query without the question mark
 */
export function isReference(query: string, passthrough: readonly string[] = noKeys): boolean {
  let known = verdicts.get(passthrough)
  if (!known) verdicts.set(passthrough, (known = new Map()))
  let verdict = known.get(query)
  if (verdict === undefined) {
    verdict = query.split(separators).some((part) => isOwnPart(part, passthrough))
    if (known.size === plentyOfQueries) known.clear()
    known.set(query, verdict)
  }
  return verdict
}

const noKeys: readonly string[] = []
/** Found once for each query: a project's images share a few. */
const verdicts = new WeakMap<readonly string[], Map<string, boolean>>()

/** `;` and `&amp;` are separators elsewhere, and a "?" is where there are two queries. */
const separators = /&amp;|[&;?]/

function isOwnPart(part: string, passthrough: readonly string[]): boolean {
  // A key may be escaped.
  const key = (decodePart(part)?.key ?? part).split('=', 1)[0] ?? ''
  if (passthrough.includes(key)) return false
  return ownKeys.includes(key) || findNearest(key, ['magnific']) !== undefined
}

/**
 * Reads a reference's query. The grammar is strict, because a typo costs money: every problem is reported,
 * all of them at once.
 *
 * @param file the image; its name decides the format that is shipped
 * @param query without the question mark
 * @throws MagnificError `BAD_QUERY`, or `SOURCE_REFUSED` for an extension that cannot be shipped
 */
export function parseRequest(file: string, query: string, vocabulary: Vocabulary): Request {
  if (query.length > longestQuery) {
    throw new MagnificError(
      'BAD_QUERY',
      `"?${query.slice(0, 60)}…" is refused. It has ${query.length} characters, and ${longestQuery} are allowed. Shorten the prompt.`,
    )
  }
  const problems: string[] = []
  const said: Said = { params: {}, directives: {} }
  const handed: string[] = []
  const seen = new Set<string>()
  let preset: Said = { params: {}, directives: {} }

  if (query.includes('#')) {
    problems.push('A fragment means nothing to an image. Write a literal # as %23.')
  }
  for (const part of query.split('&')) {
    if (part === '') continue
    const entry = decodePart(part)
    if (!entry) {
      problems.push(`"${part}" is not percent-encoded UTF-8. Write a literal % as %25.`)
      continue
    }
    const { key, value } = readShorthand(entry, vocabulary)
    if (seen.has(key) && !vocabulary.passthrough.includes(key)) {
      problems.push(`\`${key}\` is given more than once. Keep one.`)
      continue
    }
    seen.add(key)
    const field = findField(key)
    if (field === 'scale_factor' && (value === undefined || value === '')) {
      // Bare `?magnific`, which URLSearchParams writes as `magnific=`: the default scale.
    } else if (
      field === 'scale_factor' &&
      value !== undefined &&
      Object.hasOwn(vocabulary.presets, value)
    ) {
      preset = vocabulary.presets[value] ?? preset
    } else if (vocabulary.passthrough.includes(key)) {
      handed.push(part)
    } else if (field) {
      const read = value === undefined ? '' : readValue(field, value)
      const problem = checkValue(field, read)
      if (!problem) Object.assign(said.params, { [field]: read })
      else problems.push(field === 'scale_factor' ? scaleProblem(value ?? '', vocabulary) : problem)
    } else if (isDirective(key) || key === 'as') {
      const problem = addDirective(said, key, value ?? '')
      if (problem !== undefined) problems.push(problem)
    } else if (handedOn.includes(key)) {
      handed.push(part)
    } else if (!ignored.includes(key)) {
      problems.push(unknownKeyProblem(key, vocabulary))
    }
  }
  if (problems.length === 0 && !seen.has('magnific')) {
    problems.push('The key `magnific` is missing. Write `magnific=4x` beside the others.')
  }
  const all = [vocabulary.defaults, preset, said]
  const output = all.findLast((each) => each.output)?.output ?? urlOutput
  // Said again, a directive keeps its place.
  const given: GivenDirectives = Object.assign({}, ...all.map(({ directives }) => directives))
  if (output.kind === 'lqip') {
    const others = handed.filter((part) => part === 'url' || part === 'no-inline')
    problems.push(...others.map((part) => `\`as=lqip\` is always inline. Leave \`${part}\` out.`))
    if (!handed.includes('inline')) handed.push('inline')
  }
  if (problems.length === 0) {
    problems.push(...findContradictions(file, said.directives, given, output))
  }
  if (problems.length > 0) throw refusal(query, problems)
  return {
    params: orderParams(Object.assign({}, ...all.map(({ params }) => params))),
    variants: planVariants(file, given, { ...preset.directives, ...said.directives }, output),
    output,
    hostQuery: handed.join('&'),
  }
}

function refusal(query: string, problems: readonly string[]): MagnificError {
  const told = problems.slice(0, manyProblems).join(' ')
  const more = problems.length > manyProblems ? ` And ${problems.length - manyProblems} more.` : ''
  return new MagnificError('BAD_QUERY', `"?${query}" is refused. ${told}${more}`)
}

/**
 * Reads a directive, or `as`, and adds it to what was said.
 *
 * @param text decoded; an empty one where there is no value
 * @returns what is wrong with it as a sentence, or `undefined`
 */
export function addDirective(said: Said, key: string, text: string): string | undefined {
  if (!isDirective(key)) {
    const { output, problem } = readOutput(text)
    if (output) said.output = output
    return problem
  }
  const { values, problem } = readDirective(key, text)
  if (values) said.directives = { ...said.directives, [key]: values }
  return problem
}

/** `?cover` stands for `?fit=cover`, unless it belongs to another plugin. */
function readShorthand(
  entry: { key: string; value: string | undefined },
  { passthrough }: Vocabulary,
): typeof entry {
  if (entry.value || passthrough.includes(entry.key)) return entry
  const { name: key, value } = expandShorthand(entry.key) ?? {}
  return key ? { key, value } : entry
}

/** Like `application/x-www-form-urlencoded`, as URLSearchParams reads it, but never guessing at broken escapes. */
function decodePart(part: string): { key: string; value: string | undefined } | undefined {
  const equals = part.indexOf('=')
  try {
    const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
    return equals === -1
      ? { key: decode(part), value: undefined }
      : { key: decode(part.slice(0, equals)), value: decode(part.slice(equals + 1)) }
  } catch {
    return undefined
  }
}

function scaleProblem(value: string, { presets }: Vocabulary): string {
  const names = Object.keys(presets)
  const allowed = `${describeField('scale_factor')}${names.length > 0 ? `, or a preset (${names.join(', ')})` : ''}`
  const near = /^(?:2|4|8|16)$/.test(value)
    ? ` Did you mean "${value}x"?`
    : suggest(value, ['2x', '4x', '8x', '16x', ...names])
  return `\`magnific\` must be ${allowed}, got "${value}".${near}`
}

function unknownKeyProblem(key: string, { passthrough }: Vocabulary): string {
  if (key === 'raw') return '`raw` would ship the bytes as text. Leave it out.'
  if (key === 'scale_factor')
    return 'The scale goes by `magnific`: write `magnific=4x` in place of `scale_factor=4x`.'
  if (key === 'noAutoOrient') return 'What is upscaled stands upright. Leave `noAutoOrient` out.'
  const fields = fieldNames.map(queryKey)
  const keys = [...fields, ...directiveNames, 'as', ...handedOn, ...passthrough]
  return (
    `Unknown key "${key}".${suggest(key, keys)} Allowed are ${keys.join(', ')}. ` +
    `A key of another plugin is let by with the option passthrough: ['${key}'].`
  )
}

/** One order for every spelling of a query, so that equal requests are equal texts. */
function orderParams(params: Params): Params {
  return Object.fromEntries(
    fieldNames
      .filter((name: FieldName) => params[name] !== undefined)
      .map((name) => [name, params[name]]),
  )
}
