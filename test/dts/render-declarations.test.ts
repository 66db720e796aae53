import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import type { Options } from '../../src/core/options.ts'
import { readMetQueries, renderDeclarations } from '../../src/dts/render-declarations.ts'
import type { Usage } from '../../src/dts/render-declarations.ts'

const render = (
  specifiers: readonly string[],
  { met = [], ...options }: Options & { met?: string[] } = {},
): string => {
  const found = specifiers.map((specifier): Usage => ({
    specifier,
    query: specifier.slice(specifier.indexOf('?') + 1),
  }))
  const vocabulary = resolveOptions(options, { root: '/app', command: 'build', env: {} })
  return renderDeclarations({ found, met, vocabulary })
}

/** Pattern and type of each declaration. */
const declare = (...args: Parameters<typeof render>): string[][] =>
  [
    ...render(...args).matchAll(
      /declare module '(.*)' \{\n(?: {2}import .*\n)? {2}const \w+: (.*)\n/g,
    ),
  ].map(([, pattern = '', type = '']) => [pattern, type])

describe('the type of a query', () => {
  it.each([
    ['magnific=4x&hdr=2', 'string'],
    ['magnific=4x&w=640;1280', '[string, string]'],
    ['magnific=4x&format=avif;webp&w=1;2&as=url', '[string, string, string, string]'],
    ['magnific&as=srcset&w=1;2', 'string'],
    ['magnific&w=1;2&as=srcset', 'string'],
    ['magnific&as=lqip', 'string'],
    ['magnific&as=img', "Omit<MagnificImg, 'srcset'>"],
    ['magnific&w=1;2&as=img', 'Required<MagnificImg>'],
    ['magnific&as=metadata', 'MagnificMetadata'],
    ['magnific&as=meta:height;width', "Pick<MagnificMetadata, 'width' | 'height'>"],
    ['magnific&as=metadata:src;width;height;format;from', 'MagnificMetadata'],
    ['magnific&w=1;2&as=metadata', '[MagnificMetadata, MagnificMetadata]'],
    ['magnific&format=avif&as=picture', 'MagnificPicture<{}>'],
    ['magnific&format=avif;webp&as=picture', 'MagnificPicture<{ avif: string }>'],
    [
      'magnific&format=avif;jpg&w=1;2&as=picture',
      'MagnificPicture<{ avif: string; jpeg: string }>',
    ],
    ['magnific&w=1;2&as=picture', 'MagnificPicture<{ png: string }>'],
  ])('%s is %s', (query, type) => {
    expect(declare([`./a.png?${query}`])).toEqual([[expect.stringContaining(`*?${query}`), type]])
  })

  it('takes in every image that it is used with', () => {
    const query = 'magnific&w=1;2&as=picture'
    expect(declare([`./a.png?${query}`, `./b.jpg?${query}`])).toEqual([
      [`.*?${query}`, 'MagnificPicture'],
    ])
    // A GIF may be asked for, and ships as WebP.
    expect(declare([`./a.gif?${query}`])).toEqual([
      [`.*?${query}`, 'MagnificPicture<{ webp: string }>'],
    ])
  })

  it('follows the presets and the defaults', () => {
    const presets = { hero: { magnific: '4x', w: [1, 2] } } as const
    expect(declare(['./a.png?magnific=hero', './a.png?magnific=hero&w=3'], { presets })).toEqual([
      ['*?magnific=hero', '[string, string]'],
      ['*?magnific=hero&w=3', 'string'],
      ['*&magnific=hero', '[string, string]'],
    ])
    const defaults = { as: 'metadata:width' } as const
    expect(declare(['./a.png?magnific'], { defaults })).toEqual([
      ['.*?magnific', "Pick<MagnificMetadata, 'width'>"],
    ])
  })
})

describe('a pattern', () => {
  it('begins as the specifiers do where client has one that would win otherwise', () => {
    const places = ['./a', '../b/a', '@/a', '~/b/a', '#images/a', 'some-pkg/b/a', '@scope/pkg/a']
    expect(
      declare(places.map((place) => `${place}.png?magnific=4x`)).map(([name]) => name),
    ).toEqual(
      ['#images/', '.', '@/', '@scope/', 'some-pkg/', '~/'].map((start) => `${start}*?magnific=4x`),
    )
  })

  it('is left to client where TypeScript refuses to have it twice', () => {
    expect(declare(['/src/a.png?magnific=4x', 'a.png?magnific'])).toEqual([])
    expect(declare(['/src/a.png?magnific=4x&as=lqip'])).toEqual([
      ['*?magnific=4x&as=lqip', 'string'],
    ])
  })

  it('is not there for what TypeScript cannot say, and for what is refused', () => {
    expect(
      declare(['./a.png?magnific&prompt=a*b', './a.png?magnific=3x', './a.svg?magnific']),
    ).toEqual([])
    expect(declare([], { presets: { bad: { as: 'lqip', fit: ['cover', 'fill'] } } })).toEqual([])
  })

  it('has its quotes and backslashes escaped', () => {
    const text = render([String.raw`./a.png?magnific&prompt=it's a \n`])
    expect(text).toContain(String.raw`declare module '*?magnific&prompt=it\'s a \\n' {`)
  })
})

describe('the file', () => {
  const presets = { b: { w: 1 }, a: { w: 2 } }
  const specifiers = ['./a.png?magnific=2x', '@/b.jpg?magnific=2x', './a.png?magnific=4x&w=10']

  it('is the same whatever the order', () => {
    const met = ['magnific=2x&w=9', 'magnific=2x&w=10']
    const reversed = { presets: { a: { w: 2 }, b: { w: 1 } }, met: met.toReversed() }
    const text = render(specifiers, { presets, met })
    expect(render(specifiers.toReversed(), reversed)).toBe(text)
    expect(render([...specifiers, ...specifiers], { presets, met: [...met, ...met] })).toBe(text)
    expect(text).toMatchInlineSnapshot(`
      "/* eslint-disable */
      // Generated by unplugin-magnific. Commit it or not: it is made again from the queries in your sources.
      // biome-ignore lint: generated
      /// <reference types="unplugin-magnific/client" />

      declare module '.*?magnific=2x' {
        const url: string
        export default url
      }
      declare module '@/*?magnific=2x' {
        const url: string
        export default url
      }
      declare module '*?magnific=4x&w=10' {
        const url: string
        export default url
      }

      // Met by builds, in no source: delete what is gone.
      declare module '*?magnific=2x&w=10' {
        const url: string
        export default url
      }
      declare module '*?magnific=2x&w=9' {
        const url: string
        export default url
      }

      // Presets.
      declare module '*?magnific=a' {
        const url: string
        export default url
      }
      declare module '*?magnific=b' {
        const url: string
        export default url
      }
      declare module '*&magnific=a' {
        const url: string
        export default url
      }
      declare module '*&magnific=b' {
        const url: string
        export default url
      }
      "
    `)
  })

  it('keeps what builds met until a source has it', () => {
    const met = ["magnific&prompt=it's", 'magnific=2x', 'magnific=2x&as=img']
    const text = render([], { presets, met })
    expect(readMetQueries(text).toSorted()).toEqual(met)
    expect(render([], { presets, met: readMetQueries(text) })).toBe(text)
    const later = render(["./a.png?magnific&prompt=it's"], { presets, met: readMetQueries(text) })
    expect(readMetQueries(later).toSorted()).toEqual(met.slice(1))
    expect(readMetQueries(render(specifiers, { presets }))).toEqual([])
    expect(readMetQueries('')).toEqual([])
  })
})
