import { describe, expect, it } from 'vitest'
import { directiveNames } from '../../src/core/directives.ts'
import type { DirectiveName } from '../../src/core/directives.ts'
import type { Options } from '../../src/core/options.ts'
import { parseRequest } from '../../src/core/request.ts'
import type { Request } from '../../src/core/request.ts'
import { errorOf } from '../helpers/errors.ts'
import { vocabularyOf } from '../helpers/vocabulary.ts'

function parse(query: string, options: Options = {}, file = '/project/hero.png'): Request {
  return parseRequest(file, `magnific&${query}`, vocabularyOf(options))
}

async function refusal(query: string, options: Options = {}): Promise<string> {
  const { code, text } = await errorOf(() => parse(query, options))
  expect(code).toBe('BAD_QUERY')
  return text
}

const sides = `
  top, right top, right, right bottom, bottom, left bottom, left, left top,
  north, northeast, east, southeast, south, southwest, west, northwest, center, centre, entropy, attention
`
const positions = sides.trim().split(/,\s+/)
const fits = ['cover', 'contain', 'fill', 'inside', 'outside']
const flagWords = { true: 'true', '': 'true' }
const kernels = ['nearest', 'cubic', 'mitchell', 'lanczos2', 'lanczos3']

/** What is taken, and what it is taken for. Copied from imagetools' documentation, so that a slip in src is noticed. */
const taken: Record<Exclude<DirectiveName, 'format'>, string[] | Record<string, string>> = {
  w: ['1', '640', '65535'],
  h: { '1': '1', '0640': '640' },
  aspect: ['16:9', '1:1', '1.5', '2', '100:1'],
  allowUpscale: flagWords,
  basePixels: ['1', '320'],
  fit: fits,
  position: positions,
  kernel: kernels,
  background: {
    white: 'white',
    White: 'white',
    '#fff': '#fff',
    '#FFAA2280': '#ffaa2280',
    'rgb(1,2,3)': 'rgb(1,2,3)',
    'rgba(1, 2, 3, 0.5)': 'rgba(1, 2, 3, 0.5)',
    'hsl(10, 20%, 30%)': 'hsl(10, 20%, 30%)',
  },
  quality: ['1', '75', '100'],
  effort: ['1', '10', 'min', 'max'],
  lossless: flagWords,
  progressive: flagWords,
  blur: { '0.3': '0.3', '1000': '1000', '2.50': '2.5', true: 'true', '': 'true' },
  median: ['1', '3', '1000'],
  rotate: { '-360': '-360', '90': '90', '360': '360', '-0': '0' },
  flip: flagWords,
  flop: flagWords,
  flatten: flagWords,
  grayscale: flagWords,
  hue: ['-360', '0', '180'],
  saturation: { '0.01': '0.01', '1.0': '1', '100': '100' },
  brightness: ['0.5', '2'],
  tint: { ffaa22: 'ffaa22', FA2: 'fa2', '000': '000' },
  invert: flagWords,
  normalize: flagWords,
}

const whole = (min: number, max: number): string => `must be a whole number from ${min} to ${max}`
const noNumbers = ['', 'a', '1.5', '1e2', '0x1', '%2B1', '%201', '1%20', 'NaN', '١', '1px', 'true']
const noFlags = ['1', '0', 'yes', 'TRUE', 'False', '%20']
const flag = 'must be true or false, or stand without a value'

/** What is refused, and how what is allowed is named. */
const refused: Record<DirectiveName, { allowed: string; values: string[] }> = {
  w: { allowed: whole(1, 65_535), values: [...noNumbers, '0', '-1', '65536', '9'.repeat(30)] },
  h: { allowed: whole(1, 65_535), values: [...noNumbers, '0', '-640'] },
  aspect: {
    allowed: 'must be a ratio such as 16:9 or 1.5',
    values: ['', '0', '0.0', '0:1', '1:0', '-1', '16/9', '16:', ':9', '16:9:1', '1.5:1', '16x9'],
  },
  allowUpscale: { allowed: flag, values: noFlags },
  basePixels: { allowed: whole(1, 65_535), values: [...noNumbers, '0'] },
  fit: { allowed: `must be one of ${fits.join(', ')}`, values: ['', 'Cover', 'scale-down', '1'] },
  position: {
    allowed: `must be one of ${positions.join(', ')}`,
    values: ['', 'middle', 'top right', 'righttop'],
  },
  kernel: { allowed: `must be one of ${kernels.join(', ')}`, values: ['', 'lanczos', 'linear'] },
  background: {
    allowed: 'must be a colour such as #fff (in a query: %23fff), rgb(255,255,255) or white',
    values: ['', '%23', '%23ff', '%23ggg', 'rgb()', 'rgb(a)', 'url(x)', '1', 'light%20blue'],
  },
  format: {
    allowed: 'must be one of png, jpeg, webp, avif',
    values: ['', 'gif', 'tiff', 'heif', 'jxl', 'PNG', 'image/png', '.png'],
  },
  quality: { allowed: whole(1, 100), values: [...noNumbers, '0', '101'] },
  effort: {
    allowed: `${whole(0, 10)}, or min or max`,
    values: [...noNumbers, '-1', '11', 'Max', 'most'],
  },
  lossless: { allowed: flag, values: noFlags },
  progressive: { allowed: flag, values: noFlags },
  blur: {
    allowed: 'must be a number from 0.3 to 1000, or true',
    values: ['0', '0.29', '1001', '-1', '.5', '5.', '1e1', 'a', 'false'],
  },
  median: { allowed: whole(1, 1000), values: [...noNumbers, '0', '1001'] },
  rotate: { allowed: whole(-360, 360), values: [...noNumbers, '361', '-361', '--1'] },
  flip: { allowed: flag, values: noFlags },
  flop: { allowed: flag, values: noFlags },
  flatten: { allowed: flag, values: noFlags },
  grayscale: { allowed: flag, values: noFlags },
  hue: { allowed: whole(-360, 360), values: [...noNumbers, '361'] },
  saturation: { allowed: 'must be a number from 0.01 to 100', values: ['', '0', '101', '-1', 'a'] },
  brightness: {
    allowed: 'must be a number from 0.01 to 100',
    values: ['', '0.001', '1e1', '1%25'],
  },
  tint: {
    allowed: 'must be a colour of 3 or 6 hexadecimal digits without #, such as ffaa22',
    values: ['', '%23fff', 'ffff', 'red', 'fffffff', 'gg0'],
  },
  invert: { allowed: flag, values: noFlags },
  normalize: { allowed: flag, values: noFlags },
}

/** What goes along, so that the directive means something. */
const company: { [K in DirectiveName]?: string } = { lossless: '&format=webp', flip: '&format=png' }

describe('a directive', () => {
  it.each(Object.entries(taken))('%s is taken, in one spelling for each value', (name, values) => {
    const pairs = Array.isArray(values)
      ? values.map((value) => [value, value])
      : Object.entries(values)
    for (const [written = '', value] of pairs) {
      const more = company[name as DirectiveName] ?? ''
      const { variants, params, output } = parse(`${name}=${encodeURIComponent(written)}${more}`)
      expect(variants).toHaveLength(1)
      expect(variants[0]).toMatchObject({ [name]: value })
      expect(params).toEqual({})
      expect(output).toEqual({ kind: 'url' })
    }
  })

  it.each(Object.entries(refused))(
    '%s is refused, and what is allowed is named',
    async (name, row) => {
      for (const value of row.values) {
        expect(await refusal(`${name}=${value}`)).toContain(
          `\`${name}\` ${row.allowed}, got "${decodeURIComponent(value)}".`,
        )
      }
    },
  )

  it('is known by all of its names here', () => {
    expect(Object.keys({ ...taken, format: 0 }).toSorted()).toEqual(directiveNames.toSorted())
    expect(Object.keys(refused).toSorted()).toEqual(directiveNames.toSorted())
  })

  it.each([
    ['format=wepp', 'format', 'webp'],
    ['format=AVIF', 'format', 'avif'],
    ['fit=contian', 'fit', 'contain'],
    ['position=botom', 'position', 'bottom'],
    ['kernel=lanczos', 'kernel', 'lanczos2'],
  ])('names the nearest for ?%s', async (query, _, nearest) => {
    expect(await refusal(query)).toContain(`Did you mean "${nearest}"?`)
  })

  it.each([
    ['formt=webp', 'format'],
    ['qualty=3', 'quality'],
    ['greyscale', 'grayscale'],
    ['normalise', 'normalize'],
    ['allowupscale', 'allowUpscale'],
    ['backgroud=red', 'background'],
  ])('with the name of ?%s is unknown, and the nearest one is named', async (query, nearest) => {
    expect(await refusal(query)).toContain(`Did you mean "${nearest}"?`)
  })

  it('is refused where all pictures stand upright', async () => {
    expect(await refusal('noAutoOrient')).toContain('Leave `noAutoOrient` out.')
  })

  it('may be written once', async () => {
    expect(await refusal('w=1&w=2')).toContain('`w` is given more than once. Keep one.')
    expect(await refusal('as=url&as=img')).toContain('`as` is given more than once. Keep one.')
    expect(await refusal('fit=fill&cover')).toContain('`fit` is given more than once. Keep one.')
    expect(await refusal('top&left')).toContain('`position` is given more than once. Keep one.')
  })

  it('takes jpg for jpeg', () => {
    expect(parse('format=jpg').variants).toEqual([{ format: 'jpeg' }])
    expect(parse('format=jpg')).toEqual(parse('format=jpeg'))
  })
})

describe('a list', () => {
  it('gives a variant for each of its values, in their order', () => {
    expect(parse('w=640;320;1280').variants).toEqual([
      { w: '640', format: 'png' },
      { w: '320', format: 'png' },
      { w: '1280', format: 'png' },
    ])
  })

  it.each(['w=640;0640', 'format=jpg;jpeg', 'flip=;true', 'tint=FFF;fff', 'aspect=1:1;1:1'])(
    'holds nothing twice: ?%s',
    async (query) => {
      const [, last = ''] = query.split(';')
      expect(await refusal(query)).toContain(`has "${last}" twice. Keep one.`)
    },
  )

  it.each(['w=640;', 'w=;640', 'w=;', 'w=640;;320', 'format=webp;'])(
    'holds no empty values: ?%s',
    async (query) => {
      expect(await refusal(query)).toContain('got "".')
    },
  )

  it('names the value that is wrong', async () => {
    expect(await refusal('w=640;x;320')).toContain('got "x".')
    expect(await refusal('format=avif;wepp')).toContain('got "wepp". Did you mean "webp"?')
  })

  it('may hold ratios and colours', () => {
    expect(parse('aspect=16:9;4:3').variants.map(({ aspect }) => aspect)).toEqual(['16:9', '4:3'])
    expect(
      parse('flatten&background=rgb(1,2,3);%23fff').variants.map(({ background }) => background),
    ).toEqual(['rgb(1,2,3)', '#fff'])
  })
})

describe('a shorthand', () => {
  it.each(fits)('?%s is a fit', (fit) => {
    expect(parse(`w=9&h=9&${fit}`)).toEqual(parse(`w=9&h=9&fit=${fit}`))
    expect(parse(`w=9&h=9&${fit}=`)).toEqual(parse(`w=9&h=9&fit=${fit}`))
  })

  it.each(positions.slice(0, 8))('?%s is a position', (position) => {
    const written = encodeURIComponent(position)
    expect(parse(`w=9&h=9&${written}`)).toEqual(parse(`w=9&h=9&position=${written}`))
  })

  it.each(['cover=true', 'left=1', 'north', 'centre', 'webp', 'nearest'])(
    'is none with a value, or of another kind: ?%s',
    async (query) => {
      expect(await refusal(query)).toContain(`Unknown key "${query.split('=')[0]}".`)
    },
  )
})

describe('a flag', () => {
  it('that is false says nothing', () => {
    for (const name of ['flip', 'flop', 'grayscale', 'lossless', 'allowUpscale']) {
      expect(parse(`${name}=false`).variants).toEqual([{ format: 'png' }])
    }
    expect(parse('lossless=false', {}, '/a/hero.webp')).toEqual(parse('', {}, '/a/hero.webp'))
  })

  it('that is false takes back what a default or a preset says', () => {
    const options: Options = { defaults: { flip: true }, presets: { a: { flop: true } } }
    expect(parse('', options).variants).toEqual([{ flip: 'true', format: 'png' }])
    expect(parse('flip=false', options).variants).toEqual([{ format: 'png' }])
    const { variants } = parseRequest('a.png', 'magnific=a&flop=false', vocabularyOf(options))
    expect(variants).toEqual([{ flip: 'true', format: 'png' }])
  })
})

describe('what is said of variants', () => {
  const options: Options = {
    defaults: { w: [100, 200], format: 'webp', as: 'srcset', hdr: 1 },
    presets: { small: { w: 50, quality: 60, as: 'img' }, plain: { creativity: 2 } },
  }

  it.each([
    ['magnific', ['100 webp -', '200 webp -'], 'srcset'],
    ['magnific=plain', ['100 webp -', '200 webp -'], 'srcset'],
    ['magnific=small', ['50 webp 60'], 'img'],
    ['magnific=small&w=70;80', ['70 webp 60', '80 webp 60'], 'img'],
    ['magnific=small&as=picture&format=avif', ['50 avif 60'], 'picture'],
    ['quality=9&magnific=small', ['50 webp 9'], 'img'],
  ])('in ?%s wins over the preset, and the preset over the defaults', (query, variants, kind) => {
    const request = parseRequest('/a/hero.png', query, vocabularyOf(options))
    expect(
      request.variants.map(({ w, format, quality = '-' }) => `${w} ${format} ${quality}`),
    ).toEqual(variants)
    expect(request.output).toEqual({ kind })
  })

  it('never changes what is sent, and so what is paid', () => {
    const queries = [
      'w=1&h=2&fit=fill&position=top&kernel=cubic&background=red&flatten&allowUpscale&basePixels=3',
      'format=avif;webp;png&effort=max&lossless&as=picture',
      'format=jpeg&progressive&quality=1;2;3',
      'rotate=9&flip&flop&grayscale&hue=9&saturation=2&brightness=2&tint=fff&invert&normalize',
      'as=metadata:width&blur&median=3&aspect=1',
      'as=lqip',
    ]
    for (const query of queries) {
      expect(parse(`${query}&hdr=3`).params).toEqual({ hdr: 3 })
    }
    const { params } = parseRequest('/a/hero.png', 'magnific=small', vocabularyOf(options))
    expect(params).toEqual({ hdr: 1 })
  })
})
