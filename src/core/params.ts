import { suggest } from './nearest.ts'

/** One field of the endpoint, as the API's document describes it. */
export type Field =
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly default: string }
  | {
      readonly kind: 'integer'
      readonly min: number
      readonly max: number
      readonly default: number
    }
  | { readonly kind: 'string'; readonly default: string }
  | { readonly kind: 'boolean'; readonly default: boolean }

/**
 * The endpoint's fields under the API's own names, with the ranges and defaults of its document. The parser,
 * the types and the fingerprint are made from this table. `image` and `webhook_url`
 * are missing: they say how a task is sent, not what is asked for. `filter_nsfw` is younger than the document.
 */
export const fields = {
  scale_factor: { kind: 'enum', values: ['2x', '4x', '8x', '16x'], default: '2x' },
  optimized_for: {
    kind: 'enum',
    values: [
      'standard',
      'soft_portraits',
      'hard_portraits',
      'art_n_illustration',
      'videogame_assets',
      'nature_n_landscapes',
      'films_n_photography',
      '3d_renders',
      'science_fiction_n_horror',
    ],
    default: 'standard',
  },
  prompt: { kind: 'string', default: '' },
  creativity: { kind: 'integer', min: -10, max: 10, default: 0 },
  hdr: { kind: 'integer', min: -10, max: 10, default: 0 },
  resemblance: { kind: 'integer', min: -10, max: 10, default: 0 },
  fractality: { kind: 'integer', min: -10, max: 10, default: 0 },
  engine: {
    kind: 'enum',
    values: ['automatic', 'magnific_illusio', 'magnific_sharpy', 'magnific_sparkle'],
    default: 'automatic',
  },
  filter_nsfw: { kind: 'boolean', default: false },
} as const

type Fields = typeof fields

/** A field's name on the wire, `scale_factor` among them. */
export type FieldName = keyof Fields

type FieldValue<F extends Field> = F extends { values: readonly (infer V)[] }
  ? V
  : F extends { kind: 'integer' }
    ? number
    : F extends { kind: 'boolean' }
      ? boolean
      : string

/** What is sent to the API: only what was said, under the API's names. */
export type Params = { -readonly [K in FieldName]?: FieldValue<Fields[K]> | undefined }

/** How far an upscale enlarges: `2x`, `4x`, `8x` or `16x`. */
export type Scale = Fields['scale_factor']['values'][number]

/** The scales that the API offers, smallest first. */
export const scales: readonly Scale[] = fields.scale_factor.values

/** The names of the endpoint's fields, in the order of the API's document. */
export const fieldNames: readonly FieldName[] = Object.keys(fields) as FieldName[]

/**
 * The field that a query key means. The scale goes by `magnific`, since that key also marks the reference;
 * every other field keeps the API's name.
 */
export function findField(key: string): FieldName | undefined {
  if (key === 'magnific') return 'scale_factor'
  return key !== 'scale_factor' && Object.hasOwn(fields, key) ? (key as FieldName) : undefined
}

/** The key under which a field is written in a query, a preset or the defaults. */
export function queryKey(name: FieldName): string {
  return name === 'scale_factor' ? 'magnific' : name
}

/** Enlargement of each side, as a number: 4 for `4x`. Without a scale, the API's own default. */
export function scaleOf(params: Params): number {
  return Number.parseInt(params.scale_factor ?? fields.scale_factor.default, 10)
}

/** What a field accepts, in words: `one of 2x, 4x, 8x, 16x`. */
export function describeField(name: FieldName): string {
  const field: Field = fields[name]
  switch (field.kind) {
    case 'enum':
      return `one of ${field.values.join(', ')}`
    case 'integer':
      return `a whole number from ${field.min} to ${field.max}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return 'a text that is not empty'
  }
}

/**
 * Checks a typed value, as it stands in `presets` and `defaults`.
 *
 * @returns the problem as a sentence, or `undefined` where the value is good
 */
export function checkValue(name: FieldName, value: unknown): string | undefined {
  const field: Field = fields[name]
  const good =
    field.kind === 'enum'
      ? typeof value === 'string' && field.values.includes(value)
      : field.kind === 'integer'
        ? Number.isInteger(value) &&
          (value as number) >= field.min &&
          (value as number) <= field.max
        : field.kind === 'boolean'
          ? typeof value === 'boolean'
          : typeof value === 'string' && value.trim() !== '' && !/\p{Surrogate}/u.test(value)
  if (good) return undefined
  const hint =
    field.kind === 'enum' && typeof value === 'string' ? suggest(value, field.values) : ''
  return `\`${queryKey(name)}\` must be ${describeField(name)}, got ${show(value)}.${hint}`
}

/**
 * Reads a field's value from the text of a query. Numbers are plain decimal integers, booleans `true` or `false`.
 *
 * @returns the value, which `checkValue` has still to accept: text that cannot be read is returned as it is
 */
export function readValue(name: FieldName, text: string): unknown {
  const field: Field = fields[name]
  if (field.kind === 'integer' && /^-?(?:0|[1-9]\d*)$/.test(text)) return Number(text) + 0
  if (field.kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function show(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : (JSON.stringify(value) ?? String(value))
}
