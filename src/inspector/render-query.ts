import { isDeepStrictEqual } from 'node:util'
import { fieldNames, fields, findField, queryKey } from '../core/params.ts'
import type { Params } from '../core/params.ts'
import { parseRequest } from '../core/request.ts'
import type { Vocabulary } from '../core/request.ts'

/**
 * The query that asks for some params, written as somebody would who changes another one: what that says of variants, and of
 * the host, stays.
 *
 * @param query without the question mark; the one that is changed
 * @returns `undefined` where no query says it, such as an empty prompt where the defaults have another one
 */
export function renderQuery(
  file: string,
  query: string,
  params: Params,
  vocabulary: Vocabulary,
): string | undefined {
  const parts = query.split('&').filter((part) => part !== '')
  const others = parts.filter((part) => findField(keyOf(part)) === undefined)
  const scale = parts.find((part) => findField(keyOf(part)) === 'scale_factor')
  // A preset is kept where it still fits, with what it says of variants.
  const heads = [scale, `magnific=${params.scale_factor ?? fields.scale_factor.default}`]
  for (const head of heads) {
    if (head === undefined) continue
    const rest = readParams(file, head, vocabulary)
    if (!rest) continue
    const said = fieldNames
      .filter((name) => name !== 'scale_factor' && valueOf(params, name) !== valueOf(rest, name))
      .map((name) => `${queryKey(name)}=${encodeURIComponent(String(valueOf(params, name)))}`)
    const rendered = [head, ...said, ...others].join('&')
    const read = readParams(file, rendered, vocabulary)
    if (read && isDeepStrictEqual(spellOut(read), spellOut(params))) return rendered
  }
  return undefined
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

function valueOf(params: Params, name: (typeof fieldNames)[number]): string | number | boolean {
  return params[name] ?? fields[name].default
}

function keyOf(part: string): string {
  const key = part.split('=', 1)[0] ?? ''
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return key
  }
}
