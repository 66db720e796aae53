import { expect, expectTypeOf, it } from 'vitest'
import { renderOutput } from '../../src/bundlers/module-code.ts'
import type { ModuleImage } from '../../src/bundlers/module-code.ts'
import type { Format } from '../../src/core/formats.ts'
import type { MetadataField } from '../../src/core/outputs.ts'
import { parseRequest } from '../../src/core/request.ts'
import { describeModule } from '../../src/dts/describe-module.ts'
import type { Origin } from '../../src/report.ts'
import type { MagnificFormat, MagnificMetadata, MagnificOrigin } from '../../src/types.ts'

const vocabulary = { defaults: { params: {}, directives: {} }, presets: {}, passthrough: [] }

it.each([
  'w=1;2',
  'as=srcset&w=1;2',
  'as=img',
  'as=img&w=1;2',
  'as=picture',
  'as=picture&format=avif;webp',
  'as=picture&format=avif;webp&w=1;2',
  'as=metadata',
  'as=metadata&w=1;2',
  'as=metadata:height;width',
])('the module of ?magnific&%s is as its type says', async (directives) => {
  const query = `magnific&${directives}`
  const { variants, output } = parseRequest('a.png', query, vocabulary)
  const images = variants.map((each): ModuleImage => {
    const url = JSON.stringify(`${each.w}.${each.format}`)
    return { width: Number(each.w ?? 9), height: 5, directives: each, from: 'paid', url }
  })
  const code = await renderOutput(output, images)
  const url = `data:text/javascript,${encodeURIComponent(code)}`
  const { default: value, ...named } = (await import(/* @vite-ignore */ url)) as { default: object }
  const { type = '', fields = [] } = describeModule(query, ['a.png'], vocabulary) ?? {}
  expect(Object.keys(named).toSorted()).toEqual([...fields].toSorted())
  expect(Array.isArray(value)).toBe(type.startsWith('['))
  if (Array.isArray(value)) expect(value).toHaveLength(type.split(/, (?!')/).length)
  const sources = /<\{(.*)\}>/.exec(type)?.[1]?.match(/\w+(?=:)/g)
  if (type.startsWith('MagnificPicture')) {
    expect(Object.keys((value as { sources: object }).sources)).toEqual(sources ?? [])
  }
})

it('the types that users import are those that the code has', () => {
  expectTypeOf<MagnificFormat>().toEqualTypeOf<Format>()
  expectTypeOf<MagnificOrigin>().toEqualTypeOf<Origin>()
  expectTypeOf<keyof MagnificMetadata>().toEqualTypeOf<MetadataField>()
})
