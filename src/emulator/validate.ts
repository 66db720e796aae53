import type { InvalidParam } from './bodies.ts'

/** The request body, once it is JSON and every field but the image's pixels is known to be good. */
export interface Submission {
  /** Bytes of the decoded base64: not yet known to be an image. */
  image: Buffer
  scale: number
  /** Every field but `image`, as received. */
  params: Record<string, unknown>
}

/** The API's document: default of `scale_factor`. */
const DEFAULT_SCALE = '2x'

const SCALES = ['2x', '4x', '8x', '16x']
const STYLES = [
  'standard',
  'soft_portraits',
  'hard_portraits',
  'art_n_illustration',
  'videogame_assets',
  'nature_n_landscapes',
  'films_n_photography',
  '3d_renders',
  'science_fiction_n_horror',
]
const ENGINES = ['automatic', 'magnific_illusio', 'magnific_sharpy', 'magnific_sparkle']

/** What is wrong with a value, as the end of `Parameter '…' …`; `undefined` if nothing is. */
type Rule = (value: unknown) => string | undefined

const isString: Rule = (value) => (typeof value === 'string' ? undefined : 'must be a string')
const isBoolean: Rule = (value) => (typeof value === 'boolean' ? undefined : 'must be a boolean')
const isLevel: Rule = (value) =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 10
    ? undefined
    : 'must be an integer between -10 and 10'
const isOneOf =
  (allowed: readonly string[]): Rule =>
  (value) =>
    typeof value === 'string' && allowed.includes(value)
      ? undefined
      : `must be one of ${allowed.join(', ')}`

/** The fields of the API's document, and `filter_nsfw`, which the API has since been given. */
const FIELDS: Record<string, Rule> = {
  image: (value) => {
    if (typeof value !== 'string') return 'must be a string'
    return isBase64(value) ? undefined : 'must be base64, with no data: prefix'
  },
  webhook_url: (value) =>
    typeof value === 'string' && isHttpUrl(value) ? undefined : 'must be an http or https URL',
  scale_factor: isOneOf(SCALES),
  optimized_for: isOneOf(STYLES),
  prompt: isString,
  creativity: isLevel,
  hdr: isLevel,
  resemblance: isLevel,
  fractality: isLevel,
  engine: isOneOf(ENGINES),
  filter_nsfw: isBoolean,
}

/**
 * Checks every field of a parsed body against the API's document. Types are strict (`"2"` is no
 * integer, `null` is nothing a field may be), and `strict` refuses fields that it does not know.
 * @returns the submission, or every field that is wrong.
 */
export function parseSubmission(body: unknown, strict: boolean): Submission | InvalidParam[] {
  if (!isRecord(body)) {
    return [{ name: 'body', reason: 'The request body must be a JSON object' }]
  }
  const problems: InvalidParam[] = []
  const refuse = (name: string, what: string): void => {
    problems.push({ name, reason: `Parameter '${name}' ${what}` })
  }
  if (!Object.hasOwn(body, 'image')) refuse('image', 'is required')
  for (const [name, value] of Object.entries(body)) {
    const rule = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
    const problem = rule ? rule(value) : strict ? 'is not known' : undefined
    if (problem) refuse(name, problem)
  }
  if (problems.length) return problems
  const { image, ...params } = body
  const { scale_factor: scale = DEFAULT_SCALE } = params
  return {
    image: Buffer.from(String(image), 'base64'),
    scale: Number.parseInt(String(scale), 10),
    params,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Standard alphabet, padded, nothing between: what `format: byte` means, and the strictest reading. */
function isBase64(text: string): boolean {
  if (text.length === 0 || text.length % 4 !== 0) return false
  const end = text.endsWith('==') ? -2 : text.endsWith('=') ? -1 : undefined
  // searching for a bad character never backtracks, whatever the length
  return !/[^A-Za-z0-9+/]/.test(text.slice(0, end))
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
