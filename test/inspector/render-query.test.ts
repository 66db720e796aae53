import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { parseRequest } from '../../src/core/request.ts'
import type { Options } from '../../src/core/options.ts'
import type { Params } from '../../src/core/params.ts'
import { dropDefaults, renderQuery } from '../../src/inspector/render-query.ts'

const vocabulary = (options: Options = {}): ReturnType<typeof resolveOptions> =>
  resolveOptions(options, { root: '/app', command: 'build', env: {} })

describe('renderQuery', () => {
  it.each<[string, Params, Options, string | undefined]>([
    ['magnific=2x', { scale_factor: '4x', hdr: 2 }, {}, 'magnific=4x&hdr=2'],
    ['magnific', {}, {}, 'magnific'],
    [
      'hdr=3&magnific=2x&w=100;200&as=srcset',
      { hdr: -1 },
      {},
      'magnific=2x&hdr=-1&w=100;200&as=srcset',
    ],
    ['magnific=4x&cover&url', { scale_factor: '8x' }, {}, 'magnific=8x&cover&url'],
    ['magnific=2x', { prompt: 'a & b=c "d"' }, {}, 'magnific=2x&prompt=a%20%26%20b%3Dc%20%22d%22'],
    // A preset stays where it fits, and goes where it does not.
    [
      'magnific=hero&w=9',
      { scale_factor: '4x', hdr: 5 },
      { presets: { hero: { magnific: '4x' } } },
      'magnific=hero&hdr=5&w=9',
    ],
    [
      'magnific=hero&w=9',
      { scale_factor: '2x' },
      { presets: { hero: { magnific: '4x' } } },
      'magnific=2x&w=9',
    ],
    // What the defaults say has to be unsaid.
    ['magnific=2x', { scale_factor: '2x' }, { defaults: { hdr: 4 } }, 'magnific=2x&hdr=0'],
    ['magnific=2x', { scale_factor: '2x' }, { defaults: { prompt: 'a dog' } }, undefined],
  ])('makes of %j what asks for %j', (query, params, options, expected) => {
    const rendered = renderQuery('/app/a.png', query, params, vocabulary(options))
    expect(rendered).toBe(expected)
    if (rendered === undefined) return
    const read = parseRequest('/app/a.png', rendered, vocabulary(options)).params
    expect(dropDefaults(read)).toEqual(dropDefaults(params))
  })
})
