import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MagnificError } from '../../src/core/errors.ts'
import type { Options, RequestFields } from '../../src/core/options.ts'
import {
  isReference,
  parseRequest,
  referenceFilter,
  splitReference,
} from '../../src/core/request.ts'
import type { Request } from '../../src/core/request.ts'
import { errorOf } from '../helpers/errors.ts'
import { vocabularyOf } from '../helpers/vocabulary.ts'

function parse(query: string, options: Options = {}): Request {
  return parseRequest('/project/hero.png', query, vocabularyOf(options))
}

/** What a query is refused for. */
async function refusal(query: string, options: Options = {}): Promise<string> {
  const { code, text } = await errorOf(() => parse(query, options))
  expect(code).toBe('BAD_QUERY')
  return text
}

// Copied from the API's document, so that a slip in the table of src is noticed.
const scales = ['2x', '4x', '8x', '16x'] as const
const styles = [
  'standard',
  'soft_portraits',
  'hard_portraits',
  'art_n_illustration',
  'videogame_assets',
  'nature_n_landscapes',
  'films_n_photography',
  '3d_renders',
  'science_fiction_n_horror',
] as const
const engines = ['automatic', 'magnific_illusio', 'magnific_sharpy', 'magnific_sparkle'] as const
const integers = ['creativity', 'hdr', 'resemblance', 'fractality'] as const

describe('the fields of the API', () => {
  it.each(scales)('takes the scale %s', (scale) => {
    expect(parse(`magnific=${scale}`).params).toEqual({ scale_factor: scale })
  })

  it.each(styles)('takes optimized_for=%s', (style) => {
    expect(parse(`magnific&optimized_for=${style}`).params).toEqual({ optimized_for: style })
  })

  it.each(engines)('takes engine=%s', (engine) => {
    expect(parse(`magnific&engine=${engine}`).params).toEqual({ engine })
  })

  it.each(integers)('takes whole numbers from -10 to 10 for %s', (name) => {
    for (let value = -10; value <= 10; value++) {
      expect(parse(`magnific&${name}=${value}`).params).toEqual({ [name]: value })
    }
  })

  it.each(integers)('refuses anything else for %s, and says the range', async (name) => {
    const bad = ['-11', '11', '1.5', '1.0', '1e1', '0x1', '+1', '%2B1', '01', '-', '١', '%201', '']
    for (const value of [...bad, '99999999999999999999', 'NaN', 'Infinity', 'true', 'null']) {
      expect(await refusal(`magnific&${name}=${value}`)).toContain(
        `\`${name}\` must be a whole number from -10 to 10, got `,
      )
    }
    expect(await refusal(`magnific&${name}`)).toContain(`\`${name}\` must be a whole number`)
  })

  it('reads -0 as 0, which costs the same', () => {
    expect(Object.is(parse('magnific&hdr=-0').params.hdr, 0)).toBe(true)
  })

  it('takes true and false for filter_nsfw, and nothing else', async () => {
    expect(parse('magnific&filter_nsfw=true').params).toEqual({ filter_nsfw: true })
    expect(parse('magnific&filter_nsfw=false').params).toEqual({ filter_nsfw: false })
    for (const value of ['=1', '=0', '=yes', '=TRUE', '=', '']) {
      expect(await refusal(`magnific&filter_nsfw${value}`)).toContain(
        '`filter_nsfw` must be true or false',
      )
    }
  })

  it('refuses a prompt that says nothing', async () => {
    for (const value of ['', '=', '=%20', '=+', '=%0A']) {
      expect(await refusal(`magnific&prompt${value}`)).toContain(
        '`prompt` must be a text that is not empty',
      )
    }
  })

  it('names what is allowed, what came, and the nearest right value', async () => {
    expect(await refusal('magnific&engine=magnific_sharpie')).toContain(
      '`engine` must be one of automatic, magnific_illusio, magnific_sharpy, magnific_sparkle, ' +
        'got "magnific_sharpie". Did you mean "magnific_sharpy"?',
    )
    expect(await refusal('magnific&engine=Automatic')).toContain('Did you mean "automatic"?')
    expect(await refusal('magnific&optimized_for=soft_portrait')).toContain(
      'Did you mean "soft_portraits"?',
    )
    expect(await refusal('magnific&optimized_for=3d_render')).toContain(
      'Did you mean "3d_renders"?',
    )
    expect(await refusal('magnific&engine=oil')).not.toContain('Did you mean')
  })
})

describe('the scale', () => {
  it.each(['magnific', 'magnific='])('is the API default for ?%s', (query) => {
    expect(parse(query).params).toEqual({})
  })

  it.each(['magnific', 'magnific='])('is that of the defaults for ?%s', (query) => {
    expect(parse(query, { defaults: { magnific: '8x' } }).params).toEqual({
      scale_factor: '8x',
    })
  })

  it.each([
    ['4', 'Did you mean "4x"?'],
    ['16', 'Did you mean "16x"?'],
    ['4X', 'Did you mean "4x"?'],
  ])('%s is refused with a hint', async (value, hint) => {
    const text = await refusal(`magnific=${value}`)
    expect(text).toContain(`\`magnific\` must be one of 2x, 4x, 8x, 16x, got "${value}".`)
    expect(text).toContain(hint)
  })

  it.each([
    '3x',
    '32x',
    '1x',
    '0',
    'x4',
    '2.5x',
    '-2x',
    '4x8',
    'true',
    '2x%00',
    '2x ',
    ' 2x',
    '２x',
  ])('refuses %j', async (value) => {
    expect(await refusal(`magnific=${value}`)).toContain('`magnific` must be one of')
  })

  it('is not guessed at where every other one is as near', async () => {
    expect(await refusal('magnific=3x')).not.toContain('Did you mean')
  })

  it('has one name in a query', async () => {
    expect(await refusal('magnific&scale_factor=4x')).toContain('write `magnific=4x`')
  })
})

describe('presets and defaults', () => {
  const { defaults, presets } = {
    defaults: { magnific: '8x', engine: 'magnific_illusio', hdr: 1, creativity: 1 },
    presets: {
      hero: { magnific: '4x', engine: 'magnific_sharpy', hdr: 2 },
      calm: { creativity: -5 },
    },
  } satisfies Options
  const options = { defaults, presets }

  it.each<[string, RequestFields]>([
    ['magnific', defaults],
    ['magnific=2x', { ...defaults, magnific: '2x' }],
    ['magnific=hero', { ...presets.hero, creativity: 1 }],
    ['magnific=hero&hdr=0', { ...presets.hero, creativity: 1, hdr: 0 }],
    ['creativity=3&magnific=hero', { ...presets.hero, creativity: 3 }],
    ['magnific=calm', { ...defaults, creativity: -5 }],
    ['magnific=calm&engine=automatic', { ...defaults, creativity: -5, engine: 'automatic' }],
  ])('?%s: the query wins over the preset, and the preset over the defaults', (query, fields) => {
    const { magnific, ...params } = fields
    expect(parse(query, options).params).toEqual({ ...params, scale_factor: magnific })
  })

  it('leaves the presets and the defaults as they are', () => {
    const vocabulary = vocabularyOf(options)
    const before = structuredClone(vocabulary)
    parseRequest('/project/hero.png', 'magnific=hero&hdr=9&prompt=x&w=9;8&as=srcset', vocabulary)
    expect(vocabulary).toEqual(before)
  })

  it('names the presets, and the nearest one, where there is none of that name', async () => {
    const text = await refusal('magnific=heros', options)
    expect(text).toContain('one of 2x, 4x, 8x, 16x, or a preset (hero, calm), got "heros"')
    expect(text).toContain('Did you mean "hero"?')
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'takes no preset from the prototype: %s',
    async (name) => {
      expect(await refusal(`magnific=${name}`, options)).toContain('`magnific` must be')
    },
  )
})

describe('keys', () => {
  it.each([
    ['creativty=3', 'creativity'],
    ['Engine=automatic', 'engine'],
    ['optimised_for=standard', 'optimized_for'],
    ['HDR=1', 'hdr'],
    ['promt=a', 'prompt'],
    ['filter-nsfw=true', 'filter_nsfw'],
    ['noinline', 'no-inline'],
  ])('refuses ?magnific&%s and means "%s"', async (part, name) => {
    const text = await refusal(`magnific&${part}`)
    expect(text).toContain(`Unknown key "${part.split('=')[0]}". Did you mean "${name}"?`)
    expect(text).toContain(
      'Allowed are magnific, optimized_for, prompt, creativity, hdr, resemblance, fractality, engine, filter_nsfw, ' +
        'w, h, aspect, allowUpscale, basePixels, fit, position, kernel, background, format, quality, effort, lossless, ' +
        'progressive, blur, median, rotate, flip, flop, flatten, grayscale, hue, saturation, brightness, tint, invert, ' +
        'normalize, as, url, inline, no-inline.',
    )
  })

  it.each(['image', 'webhook_url', '__proto__', 'constructor', 'toString', 'foo', ''])(
    'refuses the unknown key %j',
    async (key) => {
      expect(await refusal(`magnific&${key}=1`)).toContain(`Unknown key "${key}".`)
    },
  )

  it('lets a key of the passthrough list be repeated, as its owner may want', () => {
    const { hostQuery } = parse('magnific&soft=1&soft=2', { passthrough: ['soft'] })
    expect(hostQuery).toBe('soft=1&soft=2')
  })

  it('names a key of the passthrough list where it was nearly hit', async () => {
    const text = await refusal('magnific&softt=1', { passthrough: ['soft'] })
    expect(text).toContain('Did you mean "soft"?')
  })

  it('lets a key of the passthrough list by that would be a directive, or short for one', () => {
    const passthrough = ['w', 'cover', 'as']
    const { variants, output, hostQuery } = parse('w=x&magnific&cover&as=y', { passthrough })
    expect(variants).toEqual([{ format: 'png' }])
    expect(output).toEqual({ kind: 'url' })
    expect(hostQuery).toBe('w=x&cover&as=y')
  })

  it('refuses raw, which would ship the bytes as text', async () => {
    expect(await refusal('magnific&raw')).toContain('`raw` would ship the bytes as text')
  })

  it.each([
    ['magnific=4x&magnific=4x', 'magnific'],
    ['magnific&magnific=2x', 'magnific'],
    ['magnific&hdr=1&hdr=2', 'hdr'],
    ['magnific&hdr=1&%68dr=1', 'hdr'],
    ['magnific&url&url', 'url'],
    ['magnific&t=1&t=2', 't'],
  ])('refuses the duplicate in ?%s', async (query, key) => {
    expect(await refusal(query)).toContain(`\`${key}\` is given more than once. Keep one.`)
  })

  it('refuses a query that is longer than servers take, without showing all of it', async () => {
    const text = await refusal(`magnific&prompt=${'x'.repeat(8000)}`)
    expect(text).toContain('It has 8016 characters, and 8000 are allowed.')
    expect(text.length).toBeLessThan(400)
  })

  it('counts problems when there are too many to list', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `key${index}=1`)
    const text = await refusal(`magnific&${keys.join('&')}`)
    expect(text).toContain('Unknown key "key7"')
    expect(text).not.toContain('Unknown key "key8"')
    expect(text).toContain('And 12 more.')
  })

  it('lists every problem at once', async () => {
    const text = await refusal(
      'magnific=3x&engine=oil&hdr=11&colour=1&raw&w=0&prompt=%E0%A4%A&hdr=1',
    )
    for (const part of [
      '`magnific` must be',
      '`engine` must be',
      '`hdr` must be',
      'Unknown key "colour"',
      '`raw` would',
      '`w` must be a whole number',
      '"prompt=%E0%A4%A" is not percent-encoded',
      '`hdr` is given more than once',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('shows the query that it refuses', async () => {
    expect(await refusal('magnific=3x')).toMatch(/^"\?magnific=3x" is refused\. /)
  })

  it('minds no empty parts', () => {
    expect(parse('&&magnific=4x&&hdr=1&').params).toEqual({ scale_factor: '4x', hdr: 1 })
  })
})

describe('the host', () => {
  it('gets its keys back, as they were written and in their order', () => {
    expect(parse('no-inline&magnific=4x&url').hostQuery).toBe('no-inline&url')
    expect(parse('magnific&inline').hostQuery).toBe('inline')
    expect(parse('magnific=4x').hostQuery).toBe('')
  })

  it('has done with import, t and v', () => {
    expect(parse('import&magnific=4x&t=1795380400466&v=abc')).toEqual(parse('magnific=4x'))
  })

  it("hands on another plugin's keys, untouched", () => {
    const { params, hostQuery } = parse('soft=a%20b+c&magnific=2x&wet', {
      passthrough: ['soft', 'wet'],
    })
    expect(params).toEqual({ scale_factor: '2x' })
    expect(hostQuery).toBe('soft=a%20b+c&wet')
  })
})

describe('encoding', () => {
  it.each([
    ['a%20b', 'a b'],
    ['a+b', 'a b'],
    ['a%2Bb', 'a+b'],
    ['a%26b%3Dc%23d', 'a&b=c#d'],
    ['a=b==', 'a=b=='],
    ['caf%C3%A9%F0%9F%90%95', 'café🐕'],
    ['café🐕', 'café🐕'],
    ['%2520', '%20'],
    ['a%0Ab', 'a\nb'],
    ['a/b?c', 'a/b?c'],
  ])('reads prompt=%s', (written, prompt) => {
    expect(parse(`magnific&prompt=${written}`).params).toEqual({ prompt })
  })

  it('reads encoded keys', () => {
    expect(parse('%6Dagnific=4%78').params).toEqual({ scale_factor: '4x' })
  })

  it.each(['100%', '%', '%ZZ', '%C3', '%C3%28', '%ED%A0%80', '%F0%9F%90'])(
    'refuses the broken escape in prompt=%s rather than guess',
    async (written) => {
      expect(await refusal(`magnific&prompt=${written}`)).toContain(
        `"prompt=${written}" is not percent-encoded UTF-8. Write a literal % as %25.`,
      )
    },
  )

  it.each(['magnific=4x#top', 'magnific=4x&prompt=a#b', '#magnific=4x'])(
    'refuses the fragment in ?%s',
    async (query) => {
      expect(await refusal(query)).toContain('Write a literal # as %23')
    },
  )
})

describe('the name', () => {
  it.each([
    ['/a/hero.png', { format: 'png' }],
    ['/a/hero.JPG', { format: 'jpeg', quality: '90' }],
    ['C:\\a\\hero.webp', { format: 'webp', quality: '90' }],
    ['/a/hero.gif', { format: 'webp', quality: '90' }],
  ])('%s decides the format where nothing else does', (file, directives) => {
    expect(parseRequest(file, 'magnific', vocabularyOf()).variants).toEqual([directives])
  })

  it('must promise a format that can be shipped', async () => {
    const error = await errorOf(() => parseRequest('/a/hero.svg', 'magnific', vocabularyOf()))
    expect(error).toMatchObject({ code: 'SOURCE_REFUSED', file: '/a/hero.svg' })
  })
})

describe('every query', () => {
  const anyParams = fc.record(
    {
      scale_factor: fc.constantFrom(...scales),
      optimized_for: fc.constantFrom(...styles),
      prompt: fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.trim() !== ''),
      creativity: fc.integer({ min: -10, max: 10 }),
      hdr: fc.integer({ min: -10, max: 10 }),
      resemblance: fc.integer({ min: -10, max: 10 }),
      fractality: fc.integer({ min: -10, max: 10 }),
      engine: fc.constantFrom(...engines),
      filter_nsfw: fc.boolean(),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  const hostParts = fc.subarray(['url', 'no-inline', 'import', 't=1795380400466', 'v=1'])
  const encoders = {
    strict: encodeURIComponent,
    form: (text: string) => new URLSearchParams({ '': text }).toString().slice(1),
  }

  it('comes back as the params that it spells, in whatever order', () => {
    fc.assert(
      fc.property(
        anyParams,
        hostParts,
        fc.constantFrom(...Object.values(encoders)),
        fc.infiniteStream(fc.nat()),
        (params, extra, encode, ranks) => {
          const { scale_factor, ...rest } = params
          const parts = [
            scale_factor ? `magnific=${scale_factor}` : 'magnific',
            ...Object.entries(rest).map(([name, value]) => `${name}=${encode(String(value))}`),
            ...extra,
          ]
          const shuffled = parts
            .map((part) => [part, ranks.next().value as number] as const)
            .toSorted(([, a], [, b]) => a - b)
            .map(([part]) => part)
          expect(parse(shuffled.join('&')).params).toStrictEqual(params)
          // Equal requests are equal texts.
          expect(JSON.stringify(parse(shuffled.join('&')).params)).toBe(
            JSON.stringify(parse(parts.join('&')).params),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    // Halves of surrogate pairs among them.
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 })
      .map((units) => String.fromCharCode(...units)),
    // Pieces that mean something, in an order that does not.
    fc
      .array(
        fc.constantFrom(
          ...'magnific & = & = 4x hero % %C3 %00 + # ? prompt hdr - 0 9 engine url w é __proto__'.split(
            ' ',
          ),
        ),
        { maxLength: 20 },
      )
      .map((pieces) => pieces.join('')),
  )

  it('is read or refused with one of our errors, whatever it is', () => {
    const vocabulary = vocabularyOf({
      defaults: { hdr: 1 },
      presets: { hero: { magnific: '4x' } },
      passthrough: ['soft'],
    })
    const outcomes = { read: 0, refused: 0 }
    fc.assert(
      fc.property(anyText, (query) => {
        for (const work of [
          () => parseRequest('/a/hero.png', query, vocabulary),
          () => isReference(query),
          () => parseRequest(query, 'magnific', vocabulary),
        ]) {
          try {
            work()
            outcomes.read++
          } catch (error) {
            expect(error).toBeInstanceOf(MagnificError)
            outcomes.refused++
          }
        }
      }),
      { numRuns: 2000 },
    )
    expect(outcomes.read).toBeGreaterThan(0)
    expect(outcomes.refused).toBeGreaterThan(0)
  })
})

describe('isReference', () => {
  it.each([
    'magnific',
    'magnific=4x',
    'url&magnific',
    'magnific=4x&hdr=1',
    'magnific=',
    'a&magnific',
    'hdr=1?magnific=2x',
    'prompt=2x;magnifc',
  ])('knows ?%s', (query) => {
    expect(isReference(query)).toBe(true)
  })

  it.each([
    '',
    'url',
    'w=300',
    'magnet=1',
    'mag',
    'image=magnific',
    'prompt=magnific',
    'unmagnificent',
  ])('leaves ?%s alone', (query) => {
    expect(isReference(query)).toBe(false)
  })

  const nearMisses = [
    'Magnific',
    'MAGNIFIC',
    'magnifc',
    'magnifik',
    'magnificc',
    'magnfic',
    'magnifci',
    'magnify',
  ]

  it.each(nearMisses)('takes the near miss ?%s=4x for ours, and it is refused', async (key) => {
    expect(isReference(`${key}=4x`)).toBe(true)
    expect(await refusal(`${key}=4x`)).toContain(`Unknown key "${key}". Did you mean "magnific"?`)
  })

  it('lets a near miss by that another plugin owns', () => {
    expect(isReference('magnify=2', ['magnify'])).toBe(false)
    expect(isReference('magnify=2&magnific=4x', ['magnify'])).toBe(true)
  })

  it('leaves a near miss beside the right key to the strict grammar', async () => {
    expect(isReference('magnific=4x&magnfic=2x')).toBe(true)
    expect(await refusal('magnific=4x&magnfic=2x')).toContain('Unknown key "magnfic"')
  })
})

describe('a query that was meant for us and is not said right', () => {
  it.each([
    ['scale_factor=4x', 'write `magnific=4x` in place of `scale_factor=4x`'],
    ['optimized_for=standard', 'The key `magnific` is missing'],
    ['url&fractality=2', 'The key `magnific` is missing'],
    ['hdr=1;magnific=4x', '`hdr`'],
    ['w=2&amp;magnific=4x', '"amp;magnific"'],
  ])('is refused: ?%s', async (query, says) => {
    expect(isReference(query)).toBe(true)
    expect(referenceFilter.test(`/a.png?${query}`)).toBe(true)
    expect(await refusal(query)).toContain(says)
  })

  it.each(['%6Dagnific=2x', '%6D%61%67%6E%69%66%69%63=2x', 'magni%66ic=2x'])(
    'is read where its key is escaped: ?%s',
    (query) => {
      expect(isReference(query)).toBe(true)
      expect(referenceFilter.test(`/a.png?${query}`)).toBe(true)
      expect(parse(query).params).toEqual({ scale_factor: '2x' })
    },
  )
})

describe('referenceFilter', () => {
  it.each(['/a.png?magnific', '/a.png?url&magnific=4x', './a.png?Magnific=4x', './a.png?magnifc'])(
    'lets %s through',
    (id) => {
      expect(referenceFilter.test(id)).toBe(true)
    },
  )

  it.each(['/a.png', '/magnific/a.png', '/a.png?url', '/a.png?w=300&h=200', 'unplugin-magnific'])(
    'spares the host %s',
    (id) => {
      expect(referenceFilter.test(id)).toBe(false)
    },
  )

  // A key that is not let through here ships the original in silence.
  it.each(['mangific', 'mgnific'])(
    'lets the near miss %s through, which isReference knows',
    (key) => {
      expect(isReference(`${key}=4x`)).toBe(true)
      expect(referenceFilter.test(`/a.png?${key}=4x`)).toBe(true)
    },
  )
})

describe('splitReference', () => {
  it.each([
    ['/a/hero.png?magnific=4x', { file: '/a/hero.png', query: 'magnific=4x' }],
    ['/a/hero.png', { file: '/a/hero.png', query: '' }],
    ['/a/hero.png?', { file: '/a/hero.png', query: '' }],
    ['/a/hero.png?prompt=what?', { file: '/a/hero.png', query: 'prompt=what?' }],
  ])('splits %s at the first question mark', (id, parts) => {
    expect(splitReference(id)).toEqual(parts)
  })
})
