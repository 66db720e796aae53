import type { InspectedField, InspectedImage } from '../../../inspector/contract.ts'

/** A field's value in the form; `undefined` where nothing is said. */
export type Value = string | number | boolean | undefined

/** The form's values by the fields' names. */
export type Values = Readonly<Record<string, Value>>

/** What an image asks for, defaults and presets included. */
export function readValues(fields: readonly InspectedField[], image: InspectedImage): Values {
  const said = new Map(readParts(image.query))
  return Object.fromEntries(
    fields.map((field) => {
      const text = readText(field, said.get(field.key))
      // A preset is chosen where a scale is. What is invalid has no params: what can be read of its query is a start.
      if (image.state === 'invalid' || isPreset(field, text))
        return [field.name, text ?? field.default]
      // The API's default may be said where the project has another one, and is no param then.
      return [field.name, image.params[field.name] ?? text ?? field.default]
    }),
  )
}

/** What some params are in the form. */
export function valuesOf(
  fields: readonly InspectedField[],
  params: InspectedImage['params'],
): Values {
  return Object.fromEntries(fields.map(({ name, default: usual }) => [name, params[name] ?? usual]))
}

function isPreset({ key }: InspectedField, text: Value): boolean {
  return key === 'magnific' && typeof text === 'string' && !/^\d+x$/.test(text)
}

/**
 * Writes what was changed in the form into a query: all else stays as it was written, and new keys come first, because
 * types of imports look at the end of a query.
 */
export function writeQuery(
  fields: readonly InspectedField[],
  query: string,
  before: Values,
  after: Values,
): string {
  const changed = fields.filter(({ name }) => after[name] !== before[name])
  if (changed.length === 0) return query
  const parts = query.split('&').filter((part) => part !== '')
  const written = losesPreset(parts, changed)
    ? fields.filter((field) => changed.includes(field) || after[field.name] !== field.default)
    : changed
  const added: string[] = []
  for (const field of written) {
    const text = writeField(field, after[field.name])
    const at = parts.findIndex((part) => readKey(part) === field.key)
    if (at !== -1) parts.splice(at, 1, ...(text === undefined ? [] : [text]))
    else if (text !== undefined) added.push(text)
  }
  return [...added, ...parts].join('&')
}

/** The scale is written where a preset's name was: what else the preset said has to be said. */
function losesPreset(parts: readonly string[], changed: readonly InspectedField[]): boolean {
  const said = new Map(readParts(parts.join('&'))).get('magnific')
  return changed.some((field) => said !== '' && isPreset(field, said))
}

function writeField({ key }: InspectedField, value: Value): string | undefined {
  if (value === undefined || value === '') return undefined
  return `${key}=${escape(String(value))}`
}

/** As in a URL, and so that no quote or parenthesis of a source text ends it. */
function escape(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\uFFFD')).replaceAll(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function readText(field: InspectedField, text: string | undefined): Value {
  if (text === undefined) return undefined
  switch (field.kind) {
    case 'enum':
      return field.values?.includes(text) ? text : undefined
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : undefined
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'text':
      return text
  }
}

function readParts(query: string): [string, string][] {
  return query.split('&').map((part) => {
    const equals = part.indexOf('=')
    return [readKey(part), equals === -1 ? '' : decode(part.slice(equals + 1))]
  })
}

function readKey(part: string): string {
  return decode(part.split('=', 1)[0] ?? '')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
