import { describe, expect, it } from 'vitest'
import { replaceQuery } from '../../src/inspector-page/app/detail/replace-query.ts'
import { describeWish, readValues } from '../../src/inspector-page/app/detail/values.ts'
import { createImage, createShop } from './inspections.ts'

const { fields } = createShop()
const withPreset = fields.map((field) =>
  field.key === 'magnific' ? { ...field, values: [...field.values!, 'soft'] } : field,
)
const defaults = Object.fromEntries(fields.map((field) => [field.name, field.default]))

describe('the form', () => {
  it('begins with what the image asks for, and with the defaults', () => {
    const image = createImage('a', 'a.png', 'missing', {
      query: 'prompt=a+b&magnific=4x&w=80',
      params: { scale_factor: '4x', prompt: 'a b' },
    })
    const values = { ...defaults, scale_factor: '4x', prompt: 'a b' }
    expect(readValues(fields, image)).toEqual(values)
    expect(describeWish(fields, values)).toEqual({ params: values })
  })

  it('begins with a preset where one is asked for, and asks for it by name', () => {
    const image = createImage('a', 'a.png', 'missing', {
      query: 'magnific=soft',
      params: { scale_factor: '8x', hdr: 3 },
    })
    const values = readValues(withPreset, image)
    expect(values).toEqual({ ...defaults, scale_factor: 'soft', hdr: 3 })
    const { scale_factor: _, ...rest } = values
    expect(describeWish(withPreset, values)).toEqual({ params: rest, preset: 'soft' })
  })

  it('leaves out what it does not know', () => {
    const values = { scale_factor: 'soft', creativity: 3, hdr: undefined }
    expect(describeWish(withPreset, values)).toEqual({ params: { creativity: 3 }, preset: 'soft' })
  })

  it('begins with what can be read of a query that is invalid', () => {
    const image = createImage('a', 'a.png', 'invalid', { query: 'magnific=3x&hdr=4&engine=no' })
    expect(readValues(fields, image)).toMatchObject({
      scale_factor: '2x',
      hdr: 4,
      engine: 'automatic',
    })
  })
})

describe('a source line', () => {
  const image = createImage('a', 'img/hero.png', 'missing', { query: 'magnific=2x&w=80' })
  const replace = (text: string): string | undefined => {
    const line = replaceQuery(text, image, 'magnific=4x&w=80')
    return line.ok ? line.parts.map((part) => part.text).join('') : line.why
  }

  it.each([
    ["import a from './hero.png?magnific=2x&w=80'", "import a from './hero.png?magnific=4x&w=80'"],
    ['<img src="hero.png?magnific=2x&amp;w=80">', '<img src="hero.png?magnific=4x&amp;w=80">'],
    ['url(hero.png?magnific=2x&w=80)', 'url(hero.png?magnific=4x&w=80)'],
    ['![a](hero.png?magnific=2x&w=80)', '![a](hero.png?magnific=4x&w=80)'],
    [
      "['a.png?magnific=2x&w=80', 'hero.png?magnific=2x&w=80']",
      "['a.png?magnific=2x&w=80', 'hero.png?magnific=4x&w=80']",
    ],
    [
      "['hero.png?magnific=2x&w=800', 'hero.png?magnific=2x&w=80']",
      "['hero.png?magnific=2x&w=800', 'hero.png?magnific=4x&w=80']",
    ],
    // Another image of the same name.
    [
      '<img src="/x/hero.png?magnific=2x&w=80"><img src="/img/hero.png?magnific=2x&w=80">',
      '<img src="/x/hero.png?magnific=2x&w=80"><img src="/img/hero.png?magnific=4x&w=80">',
    ],
    [
      "['superhero.png?magnific=2x&w=80', 'hero.png?magnific=2x&w=80']",
      "['superhero.png?magnific=2x&w=80', 'hero.png?magnific=4x&w=80']",
    ],
    // The same image twice.
    [
      '<source srcset="/img/hero.png?magnific=2x&w=80"><img src="/img/hero.png?magnific=2x&w=80">',
      '<source srcset="/img/hero.png?magnific=4x&w=80"><img src="/img/hero.png?magnific=4x&w=80">',
    ],
    [
      'srcset="hero.png?magnific=2x&amp;w=80 1x, hero.png?magnific=2x&w=80 2x"',
      'srcset="hero.png?magnific=4x&amp;w=80 1x, hero.png?magnific=4x&w=80 2x"',
    ],
    // Named by an alias.
    ["import a from '#hero?magnific=2x&w=80'", "import a from '#hero?magnific=4x&w=80'"],
  ])('gets its new query: %s', (text, expected) => {
    expect(replace(text)).toBe(expected)
  })

  it.each(['import a from url', 'hero.png?magnific=2x&w=800', 'hero.png?magnific=2x'])(
    'is left alone where it does not hold the query: %s',
    (text) => {
      expect(replace(text)).toBe('The query is put together elsewhere: change it there.')
    },
  )

  it.each([
    "['./hero.png?magnific=2x&w=80', '../hero.png?magnific=2x&w=80']",
    "['#a?magnific=2x&w=80', '#b?magnific=2x&w=80']",
  ])('is left alone where nobody knows which of its images is meant: %s', (text) => {
    expect(replace(text)).toBe('Several images in this line have this query: change it by hand.')
  })
})
