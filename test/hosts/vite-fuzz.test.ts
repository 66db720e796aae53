import fc from 'fast-check'
import { expect, it } from 'vitest'
import * as vite from 'vite'
import { scaleOf } from '../../src/core/params.ts'
import { isReference, parseRequest } from '../../src/core/request.ts'
import { isSingle } from '../../src/core/single-request.ts'
import { planVariant } from '../../src/image/variants.ts'
import { startDevServer } from '../helpers/dev-server.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { optionsFor } from '../helpers/hero.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { connectRaw, renderRawRequest } from '../helpers/raw-http.ts'
import type { RawAnswer, RawConnection } from '../helpers/raw-http.ts'
import { vocabularyOf } from '../helpers/vocabulary.ts'

const path = '/src/tiny.png'
const [width, height] = [8, 6]
const presets = { nice: { magnific: '4x', hdr: 2 }, small: { w: [5, 9], as: 'srcset' } } as const
const vocabulary = vocabularyOf({ presets })

const keys = words(`
  magnific prompt creativity hdr resemblance fractality engine optimized_for filter_nsfw scale_factor
  url inline no-inline t v import w raw __proto__ constructor toString ?magnific amp;magnific
  w h aspect fit format as quality flip cover lossless blur W formt
  MAGNIFIC magnifc m%61gnific %6Dagnific magnific%00 magnific[]
`)
const values = words(`
  2x 4x 8x 16x 3x 2X 2 nice Nice %32x 2x%20 +2x 2x=2x 0 -10 10 11 -0 +1 1.0 1e0 0x1 ٣ %31 true TRUE
  automatic magnific_sharpy standard 3d_renders a+b%20c größe %C3%B6 %f6 % %2 %zz %c0%af %ed%a0%80 \u{1F98A}
  webp jpg avif;webp WEBP 5 9;16 9;9 ;; 3:2 0:1 inside url srcset lqip metadata:width picture
  __proto__ constructor 1700000000000
`)
const good = [
  'magnific',
  'magnific=2x',
  'magnific=16x&prompt=a%20red%20fox',
  'magnific=nice&creativity=-3&engine=magnific_sharpy',
  'hdr=10&optimized_for=films_n_photography&magnific=8x&filter_nsfw=true',
  'magnific=4x&v=1f2e&t=1700000000000',
  'magnific=4x&w=20&format=webp',
  'magnific=2x&w=8&h=8&fit=contain&background=%23fff&quality=80',
  'magnific=8x&aspect=16:9&format=jpeg&as=url',
]

/** Words of a text, and none, and a space. */
function words(text: string): string[] {
  return [...text.trim().split(/\s+/), '', ' ']
}

const part = fc
  .tuple(fc.constantFrom(...keys), fc.option(fc.constantFrom(...values)))
  .map(([key, value]) => (value === null ? key : `${key}=${value}`))

/** Parts as a query has them, in any combination. */
const composed = fc
  .tuple(
    fc.array(part, { maxLength: 4 }),
    fc.constantFrom(
      'magnific=2x',
      'magnific=4x',
      'magnific=nice',
      'magnific',
      'magnific=small',
      '',
    ),
    fc.constantFrom('&', '&', '&', '&&', ';', '&amp;'),
  )
  .map(([parts, scale, separator]) => [...parts, scale].filter(Boolean).join(separator))

const letter = fc.oneof(
  fc.constantFrom(...Array.from('&=?%;+#/"\'<>[]{}|^`~.:, \\\t\r\n\0x24')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)

/** A good query with a few letters changed, dropped, doubled or escaped. */
const mutated = fc
  .tuple(
    fc.constantFrom(...good),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('put', 'insert', 'drop', 'double', 'escape', 'case'),
        letter,
      ),
      {
        maxLength: 3,
      },
    ),
  )
  .map(([query, edits]) =>
    edits.reduce((text, [place, edit, other]) => {
      const at = place % Math.max(text.length, 1)
      const old = text[at] ?? ''
      const replacements = {
        put: other,
        insert: other + old,
        drop: '',
        double: old + old,
        escape: `%${old.charCodeAt(0).toString(16).padStart(2, '0')}`,
        case: old.toUpperCase(),
      }
      return text.slice(0, at) + replacements[edit] + text.slice(at + 1)
    }, query),
  )

/** Anything, beside the key or alone. */
const arbitrary = fc
  .tuple(
    fc.constantFrom('magnific=2x&', 'magnific=', 'magnific', ''),
    fc.string({ unit: 'binary', maxLength: 60 }),
  )
  .map(([before, text]) => before + text)

const longer = fc
  .tuple(mutated, fc.constantFrom(7900, 7990, 8100, 12_000), fc.constantFrom('a', '%61', '&', 'é'))
  .map(([query, length, text]) => `${query}&prompt=${text.repeat(length / text.length)}`)

const queries = fc.oneof(
  { weight: 8, arbitrary: composed },
  { weight: 8, arbitrary: mutated },
  { weight: 3, arbitrary },
  { weight: 1, arbitrary: longer },
)

/** As a target that Node's HTTP parser takes: of ASCII, without control characters, and without spaces, which end it. */
function toTarget(query: string): string {
  return `${path}?${query.toWellFormed().replaceAll(/[^!-~]/gu, encodeURIComponent)}`
}

/** What has to come: a picture of that scale, a refusal, either of them, or whatever Vite makes of what is not ours. */
type Expected = { width: number; height: number; format: string } | 'refusal' | 'anything'

async function foresee(target: string): Promise<Expected> {
  const query = target.slice(path.length + 1)
  const parts = query.split('&')
  if (query.includes('#')) return 'refusal'
  if (!isReference(query) || parts.some((each) => /^\??import\b/.test(each))) return 'anything'
  try {
    // What Vite and we add to a URL is not part of the query.
    const asked = parts.filter((each) => !/^(?:t=\d+|v=[\w-]+)?$/.test(each)).join('&')
    const request = parseRequest('tiny.png', asked, vocabulary)
    const [variant = { format: 'png' }] = request.variants
    const scale = scaleOf(request.params)
    const planned = await planVariant({ width: width * scale, height: height * scale }, variant)
    return isSingle(request) ? { ...planned, format: variant.format } : 'refusal'
  } catch {
    return 'refusal'
  }
}

/** More are a script of their own: see `test:versions`. */
const numRuns = process.env['EVERY_VERSION'] ? 10_000 : 3000

it(`answers ${numRuns} queries by the right picture or a refusal, and pays for none`, async () => {
  const emulator = await startEmulator()
  const project = tmpProject({ 'src/tiny.png': await makePng({ width, height }) })
  const { port } = await startDevServer(vite, project, {
    ...optionsFor(emulator),
    presets,
  })
  let connection: RawConnection = connectRaw(port)
  const ask = async (target: string): Promise<RawAnswer> => {
    connection.write(renderRawRequest(port, { target }))
    const answer = await connection.read()
    if (answer.headers['connection'] === 'close') {
      connection.close()
      connection = connectRaw(port)
    }
    return answer
  }
  const seen = { pictures: 0, refusals: 0, others: 0 }

  await fc.assert(
    fc.asyncProperty(queries, async (query) => {
      const target = toTarget(query)
      const expected = await foresee(target)
      const { status, body, headers } = await ask(target)
      if (expected === 'anything') {
        seen.others++
      } else if (expected === 'refusal' || status >= 400) {
        seen.refusals++
        expect(status, body.toString()).toBeGreaterThanOrEqual(400)
        expect(status, body.toString()).toBeLessThan(500)
        // More than one question mark is no error in a URL, and is refused all the same.
        if (expected !== 'refusal')
          expect(target.lastIndexOf('?'), `${status} ${body.toString()}`).toBeGreaterThan(
            path.length,
          )
      } else {
        seen.pictures++
        expect(status).toBe(200)
        expect(headers['content-type']).toBe(`image/${expected.format}`)
        expect(await describeImage(body)).toEqual({
          format: expected.format === 'avif' ? 'heif' : expected.format,
          width: expected.width,
          height: expected.height,
        })
      }
    }),
    { numRuns },
  )

  connection.close()
  // The queries are neither all bad nor all good.
  expect(Math.min(seen.pictures, seen.refusals)).toBeGreaterThan(numRuns / 10)
  expect(seen.others).toBeLessThan(numRuns / 4)
  expect(postsTo(emulator)).toBe(0)
}, 120_000)
