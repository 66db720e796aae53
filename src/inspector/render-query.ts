import { isDeepStrictEqual } from 'node:util'
import { expandShorthand } from '../core/directives.ts'
import { isMagnificError } from '../core/errors.ts'
import { formatOutput } from '../core/outputs.ts'
import { checkValue, fieldNames, fields, findField, queryKey } from '../core/params.ts'
import type { FieldName, Params } from '../core/params.ts'
import { parseRequest } from '../core/request.ts'
import type { Said, Vocabulary } from '../core/request.ts'

/** A query that asks for what was wanted, or why there is none. */
export type Rendered = { query: string; problem?: never } | { query?: never; problem: string }

/** What a form says of an image. */
export interface Form {
  /** By the fields' names. What is left out is as the query, or the preset, has it. */
  params: Readonly<Record<string, string | number | boolean>>
  /** Chosen in place of a scale. */
  preset?: string | undefined
}

/**
 * Writes what a form says as a query.
 *
 * @param query without the question mark; the one that the form was opened with. What it says of variants, and of the host, stays
 */
export function renderForm(
  file: string,
  query: string,
  { params, preset }: Form,
  vocabulary: Vocabulary,
): Rendered {
  const { presets } = vocabulary
  if (preset !== undefined && !Object.hasOwn(presets, preset)) {
    return { problem: `There is no preset "${preset}".` }
  }
  const problem = Object.entries(params)
    .map(([name, value]) => checkParam(name, value))
    .find((each) => each !== undefined)
  if (problem !== undefined) return { problem }
  const base =
    preset === undefined
      ? readParams(file, keepReadable(file, query, vocabulary), vocabulary)
      : readParams(file, renderPart('magnific', preset), vocabulary)
  const wanted: Params = { ...base, ...params }
  const own = splitParts(query).find(isScale)
  const scale = renderPart('magnific', wanted.scale_factor ?? fields.scale_factor.default)
  const heads =
    preset !== undefined
      ? [renderPart('magnific', preset)]
      : // Who says a scale in place of a preset wants another query, even where both come to the same.
        own !== undefined && !(params['scale_factor'] !== undefined && findPreset(own, presets))
        ? [own, scale]
        : [scale]
  return renderParams(file, query, wanted, vocabulary, heads)
}

/**
 * The query that asks for some params, written as somebody would who changes another one: what that says of variants, and of
 * the host, stays. There is none for what no query says, such as an empty prompt where the defaults have another one.
 *
 * @param query without the question mark; the one that is changed
 */
export function renderQuery(
  file: string,
  query: string,
  params: Params,
  vocabulary: Vocabulary,
): Rendered {
  const own = splitParts(query).find(isScale)
  const scale = renderPart('magnific', params.scale_factor ?? fields.scale_factor.default)
  // A preset is kept where it still fits, with what it says of variants.
  const heads = own === undefined ? [scale] : [own, scale]
  return renderParams(file, query, params, vocabulary, heads)
}

/** @param heads what says the scale, the best one first */
function renderParams(
  file: string,
  query: string,
  params: Params,
  vocabulary: Vocabulary,
  heads: readonly string[],
): Rendered {
  const parts = splitParts(query)
  const own = parts.find(isScale)
  // What says it already is left as somebody has written it.
  if (own !== undefined && own === heads[0] && asksFor(file, query, params, vocabulary)) {
    return { query }
  }
  const others = parts.filter((part) => findField(keyOf(part)) === undefined)
  const left = own === undefined ? undefined : findPreset(own, vocabulary.presets)
  let problem = ''
  for (const head of heads) {
    const rest = readParams(file, head, vocabulary)
    const said = fieldNames
      .filter((name) => name !== 'scale_factor')
      .filter((name) => valueOf(params, name) !== valueOf(rest ?? {}, name))
      .map((name) => renderPart(queryKey(name), String(valueOf(params, name))))
    // A preset that is left takes nothing of what is shipped along with it.
    const isLeft = left !== undefined && findPreset(head, vocabulary.presets) === undefined
    const kept = isLeft ? spellPreset(left, others, vocabulary) : others
    const rendered = [head, ...said, ...kept].join('&')
    try {
      const read = parseRequest(file, rendered, vocabulary).params
      const name = fieldNames.find((each) => valueOf(read, each) !== valueOf(params, each))
      if (name === undefined) return { query: rendered }
      problem = `No query says this here: \`${queryKey(name)}\` would be ${show(read, name)}, and not ${show(params, name)}. It comes from the project's \`defaults\` or \`presets\`; change it there.`
    } catch (error) {
      if (!isMagnificError(error)) throw error
      // What cannot be said with an empty value is told best by what it would be without.
      const unsaid = said.find((part) => part.endsWith('='))
      problem =
        unsaid === undefined
          ? error.text
          : `No query says an empty \`${keyOf(unsaid)}\` here, since the project's \`defaults\` or \`presets\` have another one. Change it there.`
    }
  }
  return { problem }
}

/** Params without those that have the API's own default. */
export function dropDefaults(params: Params): Record<string, string | number | boolean> {
  return Object.fromEntries(
    fieldNames.flatMap((name) => {
      const value = params[name]
      return value === undefined || value === fields[name].default ? [] : [[name, value]]
    }),
  )
}

function checkParam(name: string, value: unknown): string | undefined {
  if (!Object.hasOwn(fields, name)) return `There is no field \`${name}\`.`
  const field = name as FieldName
  // An empty prompt is said by saying nothing.
  return value === fields[field].default ? undefined : checkValue(field, value)
}

/** Of a query that is refused, what can be read of it: somebody is about to mend it. */
function keepReadable(file: string, query: string, vocabulary: Vocabulary): string {
  if (readParams(file, query, vocabulary)) return query
  const ours = splitParts(query).filter((part) => findField(keyOf(part)) !== undefined)
  const scale = ours.find((part) => isScale(part) && readParams(file, part, vocabulary))
  const kept = new Map([['magnific', scale ?? 'magnific']])
  for (const part of ours) {
    const isGood = readParams(file, `magnific&${part}`, vocabulary) !== undefined
    if (!isScale(part) && isGood) kept.set(keyOf(part), part)
  }
  return [...kept.values()].join('&')
}

/** What a preset says of variants, among what a query says of them, in the order in which both are read. */
function spellPreset(
  { directives, output }: Said,
  others: readonly string[],
  { passthrough }: Vocabulary,
): string[] {
  const nameOf = (part: string): string => {
    const key = keyOf(part)
    const isShort = !passthrough.includes(key) && !part.includes('=')
    return (isShort && expandShorthand(key)?.name) || key
  }
  const named = new Map(others.map((part) => [nameOf(part), part]))
  const spelled = Object.entries(directives).map(
    ([name, values]) =>
      named.get(name) ?? `${name}=${values.map((value) => escape(value)).join(';')}`,
  )
  const rest = others.filter((part) => !Object.hasOwn(directives, nameOf(part)))
  const saysOutput = output === undefined || named.has('as')
  return [...spelled, ...(saysOutput ? [] : [`as=${formatOutput(output)}`]), ...rest]
}

function asksFor(file: string, query: string, params: Params, vocabulary: Vocabulary): boolean {
  const read = readParams(file, query, vocabulary)
  return read !== undefined && isDeepStrictEqual(spellOut(read), spellOut(params))
}

function readParams(file: string, query: string, vocabulary: Vocabulary): Params | undefined {
  try {
    return parseRequest(file, query, vocabulary).params
  } catch {
    return undefined
  }
}

function spellOut(params: Params): unknown[] {
  return fieldNames.map((name) => valueOf(params, name))
}

function valueOf(params: Params, name: FieldName): string | number | boolean {
  return params[name] ?? fields[name].default
}

function show(params: Params, name: FieldName): string {
  return JSON.stringify(valueOf(params, name))
}

function splitParts(query: string): string[] {
  return query.split('&').filter((part) => part !== '')
}

function isScale(part: string): boolean {
  return findField(keyOf(part)) === 'scale_factor'
}

function findPreset(part: string, presets: Vocabulary['presets']): Said | undefined {
  const equals = part.indexOf('=')
  const value = equals === -1 ? '' : decode(part.slice(equals + 1))
  return Object.hasOwn(presets, value) ? presets[value] : undefined
}

function keyOf(part: string): string {
  return decode(part.split('=', 1)[0] ?? '')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function renderPart(key: string, value: string): string {
  return `${key}=${escape(value)}`
}

/** As in a URL, and so that no quote or parenthesis of a source text ends it. */
function escape(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
