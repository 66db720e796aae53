import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MagnificError } from '../../src/core/errors.ts'
import type { Options, RequestFields } from '../../src/core/options.ts'
import { parseRequest } from '../../src/core/request.ts'
import { renderVariantQuery } from '../../src/core/variant-query.ts'
import { vocabularyOf } from '../helpers/vocabulary.ts'

/** What is asked for a reference's variants one by one. */
function renderAll(query: string, options: Options = {}): string[] {
  const vocabulary = vocabularyOf(options)
  const request = parseRequest('/a/hero.png', query, vocabulary)
  return request.variants.map((variant) => renderVariantQuery(request, variant, vocabulary))
}

describe('renderVariantQuery', () => {
  it.each<[string, string[], Options?]>([
    ['magnific=4x&w=1;2', ['magnific=4x&w=1&format=png', 'magnific=4x&w=2&format=png']],
    ['magnific&as=srcset', ['magnific&format=png&as=url']],
    [
      'magnific=a',
      ['magnific=8x&prompt=a%20%26%20b&w=9&format=png'],
      { presets: { a: { magnific: '8x', prompt: 'a & b', w: 9 } } },
    ],
    [
      'magnific&as=img&inline&own=x',
      ['magnific&format=png&as=url&inline&own=x'],
      { passthrough: ['own'] },
    ],
    [
      'magnific&w=1;2&format=webp&as=img',
      ['magnific&w=1&format=webp&as=img', 'magnific&w=2&format=webp&as=img'],
      { passthrough: ['format', 'as'] },
    ],
    [
      'magnific&background=%23fff&flatten&w=1;2',
      [
        'magnific&w=1&background=%23fff&format=png&flatten=true',
        'magnific&w=2&background=%23fff&format=png&flatten=true',
      ],
    ],
    [
      'magnific&flip=false&as=img',
      ['magnific&format=png&flip=false&as=url'],
      { defaults: { flip: true } },
    ],
    [
      'magnific&w=1;2&as=url',
      ['magnific&w=1&format=png&as=url', 'magnific&w=2&format=png&as=url'],
      { defaults: { as: 'picture' } },
    ],
  ])('asks for the variants of ?%s one by one', (query, queries, options) => {
    expect(renderAll(query, options)).toEqual(queries)
  })

  const list = <T>(...values: T[]): fc.Arbitrary<T | T[]> =>
    fc.oneof(
      fc.constantFrom(...values),
      fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
    )
  const fields = fc.record<Required<RequestFields>>(
    {
      magnific: fc.constantFrom('2x', '4x'),
      optimized_for: fc.constantFrom('standard', '3d_renders'),
      prompt: fc.constantFrom('a & b', 'w=3;4', 'ü%20#?'),
      creativity: fc.constantFrom(-3, 0, 3),
      hdr: fc.constant(1),
      resemblance: fc.constant(2),
      fractality: fc.constant(0),
      engine: fc.constant('magnific_sharpy'),
      filter_nsfw: fc.boolean(),
      w: list(1, 640),
      h: list(2, 480),
      aspect: list<`${number}:${number}` | number>('16:9', 1.5),
      allowUpscale: list(true, false),
      basePixels: list(10),
      fit: list('contain', 'fill'),
      position: list('right top', 'left'),
      kernel: list('cubic'),
      background: list('#fff', 'rgb(1, 2, 3)'),
      format: list('png', 'jpeg', 'webp', 'avif'),
      quality: list(20, 90),
      effort: list<number | 'max'>(3, 'max'),
      lossless: list(true, false),
      progressive: list(true, false),
      blur: list<number | true>(true, 2.5),
      median: list(3),
      rotate: list(-90, 0),
      flip: list(true, false),
      flop: list(true, false),
      flatten: list(true, false),
      grayscale: list(true, false),
      hue: list(10),
      saturation: list(0.5),
      brightness: list(2),
      tint: list('fff'),
      invert: list(true, false),
      normalize: list(true, false),
      as: fc.constantFrom('url', 'srcset', 'picture', 'img', 'metadata', 'metadata:width'),
    },
    { requiredKeys: [] },
  )
  // Few of them, so that most go together.
  const few = fields.chain((all) => {
    const entries = Object.entries(all)
    return fc
      .subarray(entries, { maxLength: Math.min(entries.length, 5) })
      .map((kept) => Object.fromEntries(kept) as RequestFields)
  })
  const write = (said: RequestFields): string =>
    Object.entries(said)
      .filter(([key]) => key !== 'magnific')
      .map(([key, value]) => `${key}=${encodeURIComponent([value].flat().join(';'))}`)
      .join('&')

  it('is read as the same params and that one variant, whatever presets and defaults say', () => {
    let read = 0
    const hosts = fc.constantFrom('', '&url', '&inline', '&own=a;b&no-inline')
    fc.assert(
      fc.property(
        few,
        few,
        few,
        hosts,
        fc.constantFrom('png', 'jpg', 'webp'),
        (said, preset, defaults, host, extension) => {
          const vocabulary = vocabularyOf({
            defaults,
            presets: { a: preset },
            passthrough: ['own'],
          })
          const file = `/a/hero.${extension}`
          let request
          try {
            request = parseRequest(file, `magnific=a&${write(said)}${host}`, vocabulary)
          } catch (error) {
            if (!(error instanceof MagnificError)) throw error
            return
          }
          for (const variant of request.variants) {
            const query = renderVariantQuery(request, variant, vocabulary)
            read++
            expect(parseRequest(file, query, vocabulary)).toEqual({
              params: request.params,
              variants: [variant],
              output: { kind: 'url' },
              hostQuery: request.hostQuery,
            })
          }
        },
      ),
      { numRuns: 1000 },
    )
    expect(read).toBeGreaterThan(300)
  })
})
