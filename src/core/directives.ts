import type { Format } from './formats.ts'
import { suggest } from './nearest.ts'

/** What a directive takes, as imagetools has it. */
type DirectiveKind =
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | {
      readonly kind: 'integer' | 'number'
      readonly min: number
      readonly max: number
      /** Words that stand for a number. */
      readonly words?: readonly string[]
    }
  | { readonly kind: 'flag' }
  | { readonly kind: 'ratio' | 'colour' | 'hex' }

/**
 * The variant directives: imagetools' names and meanings, in the order of its documentation. The parser, the types and the
 * messages are made from this table.
 */
export const directives = {
  w: { kind: 'integer', min: 1, max: 65_535 },
  h: { kind: 'integer', min: 1, max: 65_535 },
  aspect: { kind: 'ratio' },
  allowUpscale: { kind: 'flag' },
  basePixels: { kind: 'integer', min: 1, max: 65_535 },
  fit: { kind: 'enum', values: ['cover', 'contain', 'fill', 'inside', 'outside'] },
  position: {
    kind: 'enum',
    values: [
      'top',
      'right top',
      'right',
      'right bottom',
      'bottom',
      'left bottom',
      'left',
      'left top',
      'north',
      'northeast',
      'east',
      'southeast',
      'south',
      'southwest',
      'west',
      'northwest',
      'center',
      'centre',
      'entropy',
      'attention',
    ],
  },
  kernel: { kind: 'enum', values: ['nearest', 'cubic', 'mitchell', 'lanczos2', 'lanczos3'] },
  background: { kind: 'colour' },
  format: { kind: 'enum', values: ['png', 'jpeg', 'webp', 'avif'] },
  quality: { kind: 'integer', min: 1, max: 100 },
  effort: { kind: 'integer', min: 0, max: 10, words: ['min', 'max'] },
  lossless: { kind: 'flag' },
  progressive: { kind: 'flag' },
  blur: { kind: 'number', min: 0.3, max: 1000, words: ['true'] },
  median: { kind: 'integer', min: 1, max: 1000 },
  rotate: { kind: 'integer', min: -360, max: 360 },
  flip: { kind: 'flag' },
  flop: { kind: 'flag' },
  flatten: { kind: 'flag' },
  grayscale: { kind: 'flag' },
  hue: { kind: 'integer', min: -360, max: 360 },
  saturation: { kind: 'number', min: 0.01, max: 100 },
  brightness: { kind: 'number', min: 0.01, max: 100 },
  tint: { kind: 'hex' },
  invert: { kind: 'flag' },
  normalize: { kind: 'flag' },
} as const

/** The name of a variant directive. */
export type DirectiveName = keyof typeof directives

/** The names of the variant directives. */
export const directiveNames: readonly DirectiveName[] = Object.keys(directives) as DirectiveName[]

/** What was said: each directive with its values as normalised texts, in the order in which they were said. */
export type GivenDirectives = { readonly [K in DirectiveName]?: readonly string[] }

type DirectiveValue<D extends DirectiveKind> = D extends { values: readonly (infer V)[] }
  ? V
  : D extends { kind: 'integer' | 'number' }
    ? number | (D extends { words: readonly (infer W)[] } ? (W extends 'true' ? true : W) : never)
    : D extends { kind: 'flag' }
      ? boolean
      : D extends { kind: 'ratio' }
        ? number | `${number}:${number}`
        : string

/** Directives as they stand in presets and defaults: `{ w: [640, 1280], format: 'webp' }`. */
export type DirectiveFields = {
  [K in DirectiveName]?:
    | DirectiveValue<(typeof directives)[K]>
    | readonly DirectiveValue<(typeof directives)[K]>[]
    | undefined
}

/** How one variant is derived from a result. Free of charge, so none of it is part of the fingerprint. */
export type Directives = { readonly [K in Exclude<DirectiveName, 'format'>]?: string } & {
  readonly format: Format
}

/** Words that may stand as a key of their own: `?cover` is `?fit=cover`. */
const shorthands: ReadonlyMap<string, DirectiveName> = new Map([
  ...directives.fit.values.map((fit) => [fit, 'fit'] as const),
  ...directives.position.values.slice(0, 8).map((position) => [position, 'position'] as const),
])

/** The directive that a key without a value may stand for, with that value. */
export function expandShorthand(key: string): { name: DirectiveName; value: string } | undefined {
  const name = shorthands.get(key)
  return name && { name, value: key }
}

/** Whether a key is that of a variant directive. */
export function isDirective(key: string): key is DirectiveName {
  return Object.hasOwn(directives, key)
}

/** What a directive accepts, in words. */
export function describeDirective(name: DirectiveName): string {
  const directive: DirectiveKind = directives[name]
  switch (directive.kind) {
    case 'enum':
      return `one of ${directive.values.join(', ')}`
    case 'integer':
    case 'number': {
      const number = directive.kind === 'integer' ? 'a whole number' : 'a number'
      const words = directive.words?.join(' or ') ?? ''
      return `${number} from ${directive.min} to ${directive.max}${words && `, or ${words}`}`
    }
    case 'flag':
      return 'true or false, or stand without a value'
    case 'ratio':
      return 'a ratio such as 16:9 or 1.5'
    case 'colour':
      return 'a colour such as #fff (in a query: %23fff), rgb(255,255,255) or white'
    case 'hex':
      return 'a colour of 3 or 6 hexadecimal digits without #, such as ffaa22'
  }
}

/**
 * Reads the text of a directive: several values are separated by `;`, as in imagetools.
 *
 * @param text as in a query, decoded; an empty one where there is no value
 * @returns the values, normalised, or what is wrong as a sentence
 */
export function readDirective(
  name: DirectiveName,
  text: string,
): { values: string[]; problem?: never } | { values?: never; problem: string } {
  const values: string[] = []
  for (const part of text.split(';')) {
    const value = normalizeValue(directives[name], part)
    if (value === undefined) {
      const directive: DirectiveKind = directives[name]
      const hint = directive.kind === 'enum' ? suggest(part, directive.values) : ''
      return { problem: `\`${name}\` must be ${describeDirective(name)}, got "${part}".${hint}` }
    }
    if (values.includes(value)) return { problem: `\`${name}\` has "${part}" twice. Keep one.` }
    values.push(value)
  }
  return { values }
}

/** One spelling for each value, so that equal variants are made once; `undefined` where it is not allowed. */
function normalizeValue(directive: DirectiveKind, text: string): string | undefined {
  switch (directive.kind) {
    case 'enum': {
      const value = text === 'jpg' && directive === directives.format ? 'jpeg' : text
      return directive.values.includes(value) ? value : undefined
    }
    case 'flag':
      return text === '' || text === 'true' ? 'true' : text === 'false' ? 'false' : undefined
    case 'integer':
    case 'number': {
      if (directive.words?.includes(text || 'true')) return text || 'true'
      const pattern = directive.kind === 'integer' ? /^-?\d+$/ : /^-?\d+(?:\.\d+)?$/
      const value = Number(text) + 0
      return pattern.test(text) && value >= directive.min && value <= directive.max
        ? String(value)
        : undefined
    }
    case 'ratio':
      return normalizeRatio(text)
    case 'colour':
      return /^(?:#[\da-f]{3,8}|(?:rgb|hsl)a?\([\d\s.,%/-]+\)|[a-z]+)$/i.test(text)
        ? text.toLowerCase()
        : undefined
    case 'hex':
      return /^(?:[\da-f]{3}){1,2}$/i.test(text) ? text.toLowerCase() : undefined
  }
}

function normalizeRatio(text: string): string | undefined {
  if (!/^\d+(?::\d+|\.\d+)?$/.test(text)) return undefined
  const [width = 0, height = 1] = text.split(':').map(Number)
  return width > 0 && height > 0 ? text : undefined
}
