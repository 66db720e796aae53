import { directiveNames, directives } from './directives.ts'
import type { DirectiveName, Directives, GivenDirectives } from './directives.ts'
import { formatOfName, qualityOfFormat } from './formats.ts'
import type { Format } from './formats.ts'
import type { Output } from './outputs.ts'

/** More of one image are a mistake, and minutes of work. */
const mostVariants = 32

/** The longest side of a placeholder, pixels. */
const placeholderSide = 20

/** What says how large a placeholder is and how it is written, which is not for a query to say. */
const fixedInPlaceholder: readonly DirectiveName[] = [
  'w',
  'h',
  'allowUpscale',
  'basePixels',
  'format',
  'quality',
  'effort',
  'lossless',
  'progressive',
]

/** The formats that a directive means something to, where it does not to all. */
const formatsOf: { readonly [K in DirectiveName]?: readonly Format[] } = {
  effort: ['png', 'webp', 'avif'],
  lossless: ['png', 'webp', 'avif'],
  progressive: ['png', 'jpeg'],
}

/** How much effort each encoder takes: see sharp. */
const effortOf: { readonly [K in Format]?: readonly [min: number, max: number] } = {
  png: [1, 10],
  webp: [0, 6],
  avif: [0, 9],
}

/**
 * Finds what contradicts itself in what was said, or cannot be made.
 *
 * @param file the source
 * @param said in the query itself
 * @param given with the presets and defaults
 * @returns sentences
 * @throws MagnificError `SOURCE_REFUSED` for a name that says nothing, where no format is given
 */
export function findContradictions(
  file: string,
  said: GivenDirectives,
  given: GivenDirectives,
  { kind }: Output,
): string[] {
  if (kind === 'lqip') return findInPlaceholder(said, given)
  const problems: string[] = []
  const has = (name: DirectiveName): boolean => given[name] !== undefined
  if (has('w') && has('h') && has('aspect')) {
    problems.push('`w`, `h` and `aspect` contradict each other: two of them give the third.')
  }
  const count = Object.values(given).reduce((product, values) => product * values.length, 1)
  if (count > mostVariants) {
    problems.push(
      `The lists give ${count} variants, and ${mostVariants} are allowed. Shorten one of ${listNames(given).join(', ')}.`,
    )
  }
  const asked = (given.format as readonly Format[] | undefined) ?? [formatOfName(file)]
  problems.push(...findFormatProblems(asked, said, given), ...findAmbiguities(given, kind))
  return problems
}

function findInPlaceholder(said: GivenDirectives, given: GivenDirectives): string[] {
  const fixed = fixedInPlaceholder.filter((name) => said[name] !== undefined)
  const lists = listNames(given).filter((name) => !fixedInPlaceholder.includes(name))
  return [
    ...fixed.map((name) => `\`as=lqip\` says itself how it is made. Leave \`${name}\` out.`),
    ...lists.map((name) => `\`as=lqip\` is one picture. Write one value for \`${name}\`.`),
  ]
}

function findFormatProblems(
  asked: readonly Format[],
  said: GivenDirectives,
  given: GivenDirectives,
): string[] {
  const problems: string[] = []
  for (const [name, minded] of Object.entries(formatsOf) as [DirectiveName, Format[]][]) {
    // What a whole project has for a default may mean something to others.
    const isOn = said[name]?.some((value) => value !== 'false')
    if (isOn && !asked.some((format) => minded.includes(format))) {
      problems.push(`\`${name}\` means nothing to ${asked.join(', ')}. Leave it out.`)
    }
  }
  for (const effort of given.effort ?? []) {
    for (const format of asked) {
      const [min = 0, max = 10] = effortOf[format] ?? []
      if (Number(effort) < min || Number(effort) > max) {
        problems.push(
          `\`effort\` goes from ${min} to ${max} for ${format}, got ${effort}. \`min\` and \`max\` fit every format.`,
        )
      }
    }
  }
  return problems
}

/** Browsers choose from a srcset by width, and from a picture's sources by format: nothing else can be left to them. */
function findAmbiguities(given: GivenDirectives, kind: Output['kind']): string[] {
  if (kind !== 'srcset' && kind !== 'img' && kind !== 'picture') return []
  const lists = listNames(given)
  const problems = lists
    .filter((name) => !['w', 'h', ...(kind === 'picture' ? ['format'] : [])].includes(name))
    .map((name) =>
      name === 'format'
        ? `A browser cannot choose among formats in \`as=${kind}\`. Write as=picture.`
        : `A browser cannot choose among several \`${name}\` in \`as=${kind}\`. Write one.`,
    )
  if (lists.includes('w') && lists.includes('h')) {
    problems.push('`w` and `h` are both lists, so that widths come twice. Write one of them.')
  }
  return problems
}

function listNames(given: GivenDirectives): DirectiveName[] {
  return directiveNames.filter((name) => (given[name]?.length ?? 0) > 1)
}

/**
 * The variants that a request asks for: every combination of the values that were given, in the order of imagetools, with
 * what a file's name says filled in.
 *
 * @param file the source
 * @param given what was said, with the defaults
 * @param meant what was said for this image, without the defaults of the project
 * @throws MagnificError `SOURCE_REFUSED` for a name that says nothing, where no format is given
 */
export function planVariants(
  file: string,
  given: GivenDirectives,
  meant: GivenDirectives,
  { kind }: Output,
): Directives[] {
  const entries = Object.entries(given) as [DirectiveName, readonly string[]][]
  if (kind === 'lqip') {
    const kept = entries.filter(([name]) => !fixedInPlaceholder.includes(name))
    const side = String(placeholderSide)
    // Of what is smaller, it is as large.
    const size = { w: side, h: side, fit: 'inside', allowUpscale: 'true' }
    const shape = given.aspect ? { w: side, allowUpscale: 'true' } : size
    const config = Object.fromEntries(kept.map(([name, [value = '']]) => [name, value]))
    return [order({ ...config, ...shape, format: 'webp', quality: '40' })]
  }
  const combinations = entries.reduce<Record<string, string>[]>(
    (configs, [name, values]) =>
      configs.flatMap((config) => values.map((value) => ({ ...config, [name]: value }))),
    [{}],
  )
  const planned = combinations.map((config) => fillIn(file, config, meant))
  // What a format does not mind makes no other picture of it.
  return [...new Map(planned.map((each) => [JSON.stringify(each), each])).values()]
}

function fillIn(
  file: string,
  { ...config }: Record<string, string>,
  meant: GivenDirectives,
): Directives {
  const format = (config['format'] as Format | undefined) ?? formatOfName(file)
  const isLossless = config['lossless'] === 'true'
  const isNamed = config['format'] === undefined && format !== 'png' && !isLossless
  if (format === 'png') {
    // They make a palette of it, which nobody means who says for a whole project how good a photograph has to look.
    for (const name of ['quality', 'effort'] as const) if (!meant[name]) delete config[name]
  }
  const quality = config['quality'] ?? (isNamed ? String(qualityOfFormat[format]) : undefined)
  return order({ ...config, format, ...(quality && { quality }) })
}

/** One order for equal directives, without those that change nothing. */
function order(config: Readonly<Record<string, string>> & { format: Format }): Directives {
  const minds = (name: DirectiveName): boolean => formatsOf[name]?.includes(config.format) ?? true
  const isOff = (name: DirectiveName): boolean =>
    directives[name].kind === 'flag' && config[name] === 'false'
  return Object.fromEntries(
    directiveNames
      .filter((name) => config[name] !== undefined && minds(name) && !isOff(name))
      .map((name) => [name, config[name]]),
  ) as unknown as Directives
}
