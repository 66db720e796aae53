import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRequest } from '../../src/core/request.ts'
import { fields as apiFields } from '../../src/core/params.ts'
import type { InspectedField } from '../../src/inspector/contract.ts'
import { replaceQuery } from '../../src/inspector-page/app/detail/replace-query.ts'
import { readValues, writeQuery } from '../../src/inspector-page/app/detail/query.ts'
import type { Values } from '../../src/inspector-page/app/detail/query.ts'
import { createImage, createShop } from './inspections.ts'

const { fields } = createShop()
const presets = {
  soft: { params: { scale_factor: '8x', hdr: 3 }, directives: { w: [50] } },
} as const
const vocabulary = { defaults: { params: {}, directives: {} }, presets: {}, passthrough: [] }

/** What the parser of builds makes of a query, defaults included. */
function parse(query: string, more: object = {}): { params: Values; widths: unknown } {
  const { params, variants } = parseRequest('hero.png', query, { ...vocabulary, ...more })
  const defaults = Object.entries(apiFields).map(([name, field]) => [name, field.default])
  return { params: { ...Object.fromEntries(defaults), ...params }, widths: variants[0]?.w }
}

function valueOf(field: InspectedField): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'enum':
      return fc.constantFrom(...field.values!)
    case 'integer':
      return fc.integer({ min: field.min!, max: field.max! })
    case 'boolean':
      return fc.boolean()
    case 'text':
      return fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => text.trim() !== '')
  }
}

const anyValues = fc.record(
  Object.fromEntries(fields.map((field) => [field.name, valueOf(field)])),
) as fc.Arbitrary<Values>

describe('a query that the form writes', () => {
  it('means to a build what the form says, and leaves the rest as it was', () => {
    fc.assert(
      fc.property(anyValues, anyValues, (before, after) => {
        const defaults = Object.fromEntries(fields.map((field) => [field.name, field.default]))
        const first = writeQuery(fields, 'magnific&w=80&format=webp', defaults, before)
        expect(parse(first).params).toEqual(before)
        const second = writeQuery(fields, first, before, after)
        expect(parse(second).params).toEqual(after)
        expect(second).toContain('&w=80&format=webp')
        // It stands in quotes of any kind, in HTML and in CSS.
        expect(second).toMatch(/^[\w%&=.-]*$/)
      }),
    )
  })

  it('is the one of the source, to the letter, where nothing was changed', () => {
    const image = createImage('a', 'a.png', 'missing', {
      query: 'prompt=a+b&magnific=4x&w=80',
      params: { scale_factor: '4x', prompt: 'a b' },
    })
    const values = readValues(fields, image)
    expect(writeQuery(fields, image.query, values, { ...values })).toBe(image.query)
  })

  it('goes before what is written, so that the end stays what types look at', () => {
    const values = { scale_factor: '4x', creativity: 0 }
    const query = writeQuery(fields, 'magnific=4x&as=url', values, { ...values, creativity: 3 })
    expect(query).toBe('creativity=3&magnific=4x&as=url')
  })

  it('drops a prompt that is emptied', () => {
    const query = writeQuery(fields, 'magnific&prompt=x', { prompt: 'x' }, { prompt: '' })
    expect(query).toBe('magnific')
  })

  it('keeps a preset until another scale is chosen, and then says what the preset said', () => {
    const own = fields.map((field) =>
      field.key === 'magnific' ? { ...field, values: [...field.values!, 'soft'] } : field,
    )
    const image = createImage('a', 'a.png', 'missing', {
      query: 'magnific=soft',
      params: { scale_factor: '8x', hdr: 3 },
    })
    const values = readValues(own, image)
    expect(values['scale_factor']).toBe('soft')
    const creative = writeQuery(own, image.query, values, { ...values, creativity: 4 })
    expect(creative).toBe('creativity=4&magnific=soft')
    expect(parse(creative, { presets }).params).toMatchObject({ hdr: 3, creativity: 4 })
    const other = writeQuery(own, image.query, values, { ...values, scale_factor: '2x' })
    expect(parse(other, { presets }).params).toMatchObject({ scale_factor: '2x', hdr: 3 })
  })

  it('starts from what is said, where the project has another default', () => {
    const own = fields.map((field) =>
      field.key === 'creativity' ? { ...field, default: 5 } : field,
    )
    const image = createImage('a', 'a.png', 'missing', { query: 'magnific&creativity=0' })
    expect(readValues(own, image)).toMatchObject({ creativity: 0, scale_factor: '2x' })
    expect(readValues(own, { ...image, query: 'magnific' })).toMatchObject({ creativity: 5 })
  })

  it('starts from what can be read of a query that is invalid', () => {
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
    return line && line.before + line.query + line.after
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
  ])('gets its new query: %s', (text, expected) => {
    expect(replace(text)).toBe(expected)
  })

  it.each(['import a from url', 'hero.png?magnific=2x&w=800', 'hero.png?magnific=2x'])(
    'is left alone where it does not hold the query: %s',
    (text) => {
      expect(replace(text)).toBeUndefined()
    },
  )
})
