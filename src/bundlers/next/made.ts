import { directiveNames } from '../../core/directives.ts'
import { imageExtensions, nameVariant } from '../../core/formats.ts'
import type { Format } from '../../core/formats.ts'
import type { ResolvedOptions } from '../../core/options.ts'
import { outputKinds } from '../../core/outputs.ts'
import { parseRequest } from '../../core/request.ts'
import type { Request } from '../../core/request.ts'
import { isSingle } from '../../core/single-request.ts'

/**
 * What is made of a module: a picture under the name of its source, one under a name of another extension, or a script that
 * imports pictures. Turbopack has to know before a loader runs, and so from a query that nobody has parsed.
 */
export type Made = 'same' | Format | 'script'

/** What a rule of Turbopack is for. */
export type Matcher =
  | { all: Matcher[] }
  | { not: Matcher }
  | 'foreign'
  | { path?: RegExp; query?: RegExp; content?: RegExp }

/** What is made of references of a kind. */
export interface Case {
  made: Made
  condition: Matcher
}

/** What Next has a module for that tells width and height: others of ours are called by another extension. */
const nextImage = /\.(?:png|jpe?g|webp|avif)$/i
const formats = ['png', 'jpeg', 'webp'] as const satisfies readonly Format[]
/** imagetools has one of them by another name as well. */
const scriptKinds = [...outputKinds.filter((kind) => kind !== 'url'), 'meta']

/** Stands at the end of the queries that scripts of ours import: a picture is wanted, and nothing else. */
export const pictureMark = 'v=magnific-picture'
const markEnd = /&v=magnific-picture$/

/**
 * What a request is made into, by the name of its file.
 *
 * @param isMarked whether its query ends in `pictureMark`
 */
export function makeOf(file: string, request: Request, isMarked = false): Made {
  const [variant] = request.variants
  if (!variant || !isSingle(request) || request.output.kind === 'lqip') return 'script'
  // Turbopack reads no AVIF, and says of each that it is 100 pixels wide and high: the script says what is true.
  if (variant.format === 'avif' && !isMarked) return 'script'
  const isSame = nextImage.test(file) && nameVariant(file, variant.format) === nameOf(file)
  return isSame ? 'same' : variant.format
}

/** Every case there is, exactly one of which fits a reference. What it then is, the loader checks. */
export function listCases(options: ResolvedOptions): Case[] {
  const presets = Object.keys(options.presets).flatMap((preset) => {
    const value = encodeURIComponent(preset)
    return groupByMade(`magnific=${value}`, options).map(({ made, condition }) => ({
      made,
      condition: { all: [{ query: keyOf('magnific', quote(value)) }, condition] },
    }))
  })
  const defaults = groupByMade('magnific', options)
  const said = (made: Made, ...queries: RegExp[]): Case => ({
    made,
    condition: { all: queries.map((query) => ({ query })) },
  })
  // A script may hold whatever there is, so what may need one comes first.
  const cases = [
    said('avif', markEnd, keyOf('format', 'avif')),
    said('script', keyOf('as', `(?:${scriptKinds.join('|')})(?::[^&]*)?`)),
    said('script', new RegExp(`[?&](?:${directiveNames.join('|')})=[^&]*(?:;|%3[bB])`)),
    ...[...presets, ...defaults].filter(({ made }) => made === 'script'),
    said('script', keyOf('format', 'avif')),
    ...formats.map((format) => said(format, keyOf('format', format === 'jpeg' ? 'jpe?g' : format))),
    ...[...presets, ...defaults].filter(({ made }) => made !== 'script'),
    said('same', /^\?/),
  ]
  return cases.map(({ made, condition }, index) => {
    const earlier = cases.slice(0, index).map((each): Matcher => ({ not: each.condition }))
    return { made, condition: { all: [condition, ...earlier] } }
  })
}

/** What a query is made into, for all images by their extensions. */
function groupByMade(query: string, options: ResolvedOptions): Case[] {
  const groups = new Map<Made, string[]>()
  for (const extension of imageExtensions) {
    const file = `image.${extension}`
    const made = tryMake(file, query, options)
    if (made) groups.set(made, [...(groups.get(made) ?? []), extension])
  }
  return [...groups].map(([made, extensions]) => ({
    made,
    condition: { path: new RegExp(`\\.(?:${extensions.join('|')})$`, 'i') },
  }))
}

/** What is refused has no module: the loader says why. */
function tryMake(file: string, query: string, options: ResolvedOptions): Made | undefined {
  try {
    return makeOf(file, parseRequest(file, query, options))
  } catch {
    return undefined
  }
}

function keyOf(key: string, value: string): RegExp {
  return new RegExp(`[?&]${key}=${value}(?:&|$)`)
}

function quote(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function nameOf(file: string): string {
  return file.replace(/^.*[/\\]/, '')
}

/** Whether a query ends in `pictureMark`. */
export function endsInMark(query: string): boolean {
  return markEnd.test(query)
}
