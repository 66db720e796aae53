import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { builtinOutputFormats, extractEntries, resolveConfigs } from 'imagetools-core'
import { describe, expect, it } from 'vitest'
import { directiveNames, directives } from '../../src/core/directives.ts'
import { MagnificError } from '../../src/core/errors.ts'
import type { Options } from '../../src/core/options.ts'
import { parseRequest } from '../../src/core/request.ts'
import { errorOf } from '../helpers/errors.ts'
import { vocabularyOf } from '../helpers/vocabulary.ts'

async function refusal(query: string, options: Options = {}): Promise<string> {
  const work = (): unknown =>
    parseRequest('/a/hero.png', `magnific&${query}`, vocabularyOf(options))
  const { code, text } = await errorOf(work)
  expect(code).toBe('BAD_QUERY')
  return text
}

const taken = (query: string, file = '/a/hero.png', options: Options = {}): number =>
  parseRequest(file, `magnific&${query}`, vocabularyOf(options)).variants.length

const upTo = (count: number): string =>
  Array.from({ length: count }, (_, index) => index + 1).join(';')

describe('what contradicts itself', () => {
  it.each([
    [
      'w=1&h=2&aspect=3',
      '`w`, `h` and `aspect` contradict each other: two of them give the third.',
    ],
    // Too many
    [`w=${upTo(33)}`, 'The lists give 33 variants, and 32 are allowed. Shorten one of w.'],
    [
      `w=${upTo(11)}&format=avif;webp;png`,
      'The lists give 33 variants, and 32 are allowed. Shorten one of w, format.',
    ],
    // What a browser cannot choose from
    [
      'format=avif;webp&as=srcset',
      'A browser cannot choose among formats in `as=srcset`. Write as=picture.',
    ],
    [
      'format=avif;webp&as=img',
      'A browser cannot choose among formats in `as=img`. Write as=picture.',
    ],
    [
      'quality=1;2&as=srcset',
      'A browser cannot choose among several `quality` in `as=srcset`. Write one.',
    ],
    [
      'quality=1;2&as=img',
      'A browser cannot choose among several `quality` in `as=img`. Write one.',
    ],
    ['quality=1;2&as=picture', 'A browser cannot choose among several `quality` in `as=picture`.'],
    ['fit=fill;cover&as=picture', 'several `fit` in `as=picture`'],
    [
      'w=1;2&h=1;2&as=srcset',
      '`w` and `h` are both lists, so that widths come twice. Write one of them.',
    ],
    ['w=1;2&h=1;2&as=picture', '`w` and `h` are both lists'],
    // What means nothing
    ['lossless&format=jpeg', '`lossless` means nothing to jpeg. Leave it out.'],
    ['effort=3&format=jpeg', '`effort` means nothing to jpeg. Leave it out.'],
    ['progressive&format=webp', '`progressive` means nothing to webp. Leave it out.'],
    ['progressive&format=webp;avif', '`progressive` means nothing to webp, avif. Leave it out.'],
    // Each encoder has its own range.
    [
      'effort=7&format=webp',
      '`effort` goes from 0 to 6 for webp, got 7. `min` and `max` fit every format.',
    ],
    ['effort=10&format=avif', '`effort` goes from 0 to 9 for avif, got 10.'],
    ['effort=0&format=png', '`effort` goes from 1 to 10 for png, got 0.'],
    ['effort=0', '`effort` goes from 1 to 10 for png, got 0.'],
    ['effort=7;8&format=png;webp', 'for webp, got 8.'],
  ])('?%s is refused: %s', async (query, says) => {
    expect(await refusal(query)).toContain(says)
  })

  it.each<[string, number]>([
    [`w=${upTo(32)}`, 32],
    ['w=1;2&h=1;2', 4],
    ['w=1;2&h=1', 2],
    ['quality=1;2&format=webp;jpeg', 4],
    ['w=1&aspect=3', 1],
    ['w=1;2&format=avif;webp&as=picture', 4],
    ['h=1;2&as=srcset', 2],
    ['quality=1;2&as=metadata', 2],
    ['effort=6&format=webp', 1],
    ['effort=9&format=avif', 1],
    ['effort=max;min&format=png;webp;avif', 6],
    // It means something to one of them.
    ['lossless&format=jpeg;webp', 2],
    ['progressive&format=png;webp', 2],
    ['progressive=false&format=webp', 1],
  ])('?%s does not, and gives %i variants', (query, count) => {
    expect(taken(query)).toBe(count)
  })

  it('is found in what defaults and presets add', async () => {
    const defaults = { w: 100, h: 100 }
    expect(await refusal('aspect=1', { defaults })).toContain('contradict each other')
    expect(await refusal('w=1;2', { defaults: { h: [1, 2], as: 'srcset' } })).toContain(
      'both lists',
    )
    expect(await refusal('format=webp', { defaults: { effort: 9 } })).toContain('got 9')
  })

  it('is nothing that a whole project has for a default, and one format does not mind', () => {
    const defaults: Options['defaults'] = { lossless: true, effort: 'max', progressive: true }
    for (const format of ['png', 'jpeg', 'webp', 'avif']) {
      expect(taken(`format=${format}`, '/a/hero.png', { defaults })).toBe(1)
    }
    expect(taken('', '/a/photo.jpg', { defaults })).toBe(1)
  })

  it('is about the format that the name says, where no other is said', async () => {
    const work = (): unknown => parseRequest('/a/photo.jpg', 'magnific&lossless', vocabularyOf())
    expect((await errorOf(work)).text).toContain('`lossless` means nothing to jpeg.')
    expect(taken('lossless', '/a/hero.webp')).toBe(1)
  })

  it('is told all at once', async () => {
    const text = await refusal('w=1;2&h=1;2&aspect=1&effort=9&format=webp;jpeg&as=srcset')
    for (const part of ['contradict each other', 'got 9', 'choose among formats', 'both lists']) {
      expect(text).toContain(part)
    }
  })
})

describe('a format', () => {
  it.each([
    ['/a/hero.png', '', { format: 'png' }],
    ['/a/photo.jpg', '', { format: 'jpeg', quality: '90' }],
    ['/a/photo.jpg', 'w=9', { w: '9', format: 'jpeg', quality: '90' }],
    ['/a/photo.jpg', 'quality=5', { format: 'jpeg', quality: '5' }],
    ['/a/hero.avif', '', { format: 'avif', quality: '75' }],
    ['/a/hero.webp', 'lossless', { format: 'webp', lossless: 'true' }],
    ['/a/hero.tiff', 'flip', { format: 'webp', quality: '90', flip: 'true' }],
    // As in imagetools, what is asked for has the quality of its encoder.
    ['/a/photo.jpg', 'format=jpeg', { format: 'jpeg' }],
    ['/a/photo.jpg', 'format=webp', { format: 'webp' }],
    // A name that says nothing needs to be asked for nothing.
    ['/a/hero.svg', 'format=webp', { format: 'webp' }],
    ['/a/hero', 'format=png', { format: 'png' }],
  ])('of %s?%s is that of its name, where it is not said', (file, query, variant) => {
    expect(parseRequest(file, `magnific&${query}`, vocabularyOf()).variants).toEqual([variant])
  })
})

/** Any directive with good values, as a query has it. */
const anyDirective = fc.constantFrom(...directiveNames).chain((name) => {
  const directive = directives[name]
  const value =
    'values' in directive
      ? fc.constantFrom<string>(...directive.values)
      : directive.kind === 'integer'
        ? fc
            .integer({ min: Math.max(directive.min, 1), max: Math.min(directive.max, 6) })
            .map(String)
        : directive.kind === 'flag'
          ? fc.constantFrom('true', 'false')
          : fc.constantFrom(
              ...{
                number: ['1', '2.5'],
                ratio: ['2', '1.5'],
                colour: ['red', '#fff'],
                hex: ['fff', 'aabbcc'],
              }[directive.kind],
            )
  return fc
    .uniqueArray(value, { minLength: 1, maxLength: 3 })
    .map((values) => [name, values] as const)
})
const anyDirectives = fc.uniqueArray(anyDirective, { selector: ([name]) => name, maxLength: 5 })

/** Without what is off, and what means nothing to the format. */
function leaveOut(config: Record<string, string>): Record<string, string> {
  const minded: Record<string, string[]> = {
    effort: ['png', 'webp', 'avif'],
    lossless: ['png', 'webp', 'avif'],
    progressive: ['png', 'jpeg'],
  }
  const kept = Object.entries(config).filter(
    ([name, value]) =>
      value !== 'false' && (minded[name]?.includes(config['format'] ?? '') ?? true),
  )
  return Object.fromEntries(kept)
}

function findFirst(list: readonly object[], item: object): number {
  return list.findIndex((each) => isDeepStrictEqual(each, item))
}

describe('planVariants', () => {
  it('gives the combinations that imagetools gives, in its order, each once', () => {
    fc.assert(
      fc.property(anyDirectives, (said) => {
        const entries = said.map(([name, values]) => [name, values.join(';')])
        const query = new URLSearchParams([['magnific', ''], ...entries])
        let variants
        try {
          ;({ variants } = parseRequest('/a/hero.png', String(query), vocabularyOf()))
        } catch (error) {
          expect(error).toMatchObject({ code: 'BAD_QUERY' })
          return
        }
        query.delete('magnific')
        const configs = resolveConfigs(extractEntries(query), builtinOutputFormats)
        const expected = configs.map((config) => leaveOut({ format: 'png', ...config }))
        expect(variants).toEqual(
          expected.filter((each, index) => findFirst(expected, each) === index),
        )
      }),
    )
  })

  it('reads any text as 1 to 32 variants with a format, or refuses it with one of our errors', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc
        .array(
          fc.constantFrom(
            ...'& & & = = ; ; : w h as format fit cover position quality effort lossless 1 9 640 -1 webp jpg avif srcset picture lqip metadata width true flip aspect 16:9 background %23fff %'.split(
              ' ',
            ),
          ),
          { maxLength: 20 },
        )
        .map((pieces) => pieces.join('')),
      anyDirectives.map((said) =>
        said.map(([name, values]) => `${name}=${encodeURIComponent(values.join(';'))}`).join('&'),
      ),
    )
    const outcomes = { read: 0, refused: 0 }
    const vocabulary = vocabularyOf({ presets: { a: { w: [1, 2] } }, defaults: { flip: true } })
    fc.assert(
      fc.property(text, fc.constantFrom('', '=a', '=4x'), (query, scale) => {
        try {
          const { variants } = parseRequest('/a/hero.png', `magnific${scale}&${query}`, vocabulary)
          outcomes.read++
          expect(variants.length).toBeGreaterThanOrEqual(1)
          expect(variants.length).toBeLessThanOrEqual(32)
          for (const { format } of variants) expect(directives.format.values).toContain(format)
        } catch (error) {
          if (!(error instanceof MagnificError)) throw error
          outcomes.refused++
        }
      }),
      { numRuns: 400 },
    )
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(40)
  })
})
