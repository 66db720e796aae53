import { describe, expect, it } from 'vitest'
import { fields } from '../../src/core/params.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { parseRequest } from '../../src/core/request.ts'
import type { Options } from '../../src/core/options.ts'
import type { Params } from '../../src/core/params.ts'
import { dropDefaults, renderForm, renderQuery } from '../../src/inspector/render-query.ts'
import type { Form } from '../../src/inspector/render-query.ts'

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
    // No quote or parenthesis ends the text of a source.
    [
      'magnific=2x',
      { prompt: "it's (a) *fox*!" },
      {},
      'magnific=2x&prompt=it%27s%20%28a%29%20%2Afox%2A%21',
    ],
    // What says it already stays as it is written.
    [
      "hdr=0&prompt=it's+a+fox&magnific",
      { prompt: "it's a fox" },
      {},
      "hdr=0&prompt=it's+a+fox&magnific",
    ],
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
    const { query: rendered, problem } = renderQuery(
      '/app/a.png',
      query,
      params,
      vocabulary(options),
    )
    expect(rendered).toBe(expected)
    if (rendered === undefined)
      return expect(problem).toMatch(/^No query says .* Change it there\.$/)
    const read = parseRequest('/app/a.png', rendered, vocabulary(options)).params
    expect(dropDefaults(read)).toEqual(dropDefaults(params))
  })
})

describe('renderForm', () => {
  const presets = {
    hero: { magnific: '4x', hdr: 2, format: 'webp', w: [640, 1280], as: 'srcset' },
    art: { magnific: '8x', prompt: 'a fox', format: 'avif' },
  } as const

  it.each<[string, Form, Options, string]>([
    // What was not touched is as the query has it.
    ['magnific=2x&creativity=3', { params: { hdr: 1 } }, {}, 'magnific=2x&creativity=3&hdr=1'],
    ['magnific=2x&prompt=a+fox', { params: { prompt: '' } }, {}, 'magnific=2x'],
    ['magnific=2x', { params: { scale_factor: '8x', prompt: '' } }, {}, 'magnific=8x'],
    ['magnific&w=9', { params: { scale_factor: '2x', hdr: 0 } }, {}, 'magnific&w=9'],
    ['magnific=2x', { params: { hdr: 0 } }, { defaults: { hdr: 4 } }, 'magnific=2x&hdr=0'],
    // A preset that is chosen brings its own; one that stays, stays.
    ['magnific=2x&hdr=9&w=9', { params: {}, preset: 'hero' }, { presets }, 'magnific=hero&w=9'],
    ['magnific=2x', { params: { hdr: 0 }, preset: 'hero' }, { presets }, 'magnific=hero&hdr=0'],
    ['magnific=hero&w=9', { params: {}, preset: 'art' }, { presets }, 'magnific=art&w=9'],
    ['magnific=hero&w=9', { params: { hdr: 7 } }, { presets }, 'magnific=hero&hdr=7&w=9'],
    // One that is left leaves what is shipped behind, in its order, and its params.
    [
      'magnific=hero',
      { params: { scale_factor: '2x' } },
      { presets },
      'magnific=2x&hdr=2&format=webp&w=640;1280&as=srcset',
    ],
    [
      'magnific=hero&url&w=9&format=png',
      { params: { scale_factor: '4x', hdr: 0 } },
      { presets },
      'magnific=4x&format=png&w=9&as=srcset&url',
    ],
    [
      'magnific=art&as=img',
      { params: { prompt: '' } },
      { presets },
      'magnific=8x&format=avif&as=img',
    ],
    // Of what is refused, what can be read is a start.
    [
      'magnific=4x&hdr=11&creativity=2',
      { params: { hdr: 5 } },
      {},
      'magnific=4x&creativity=2&hdr=5',
    ],
    ['magnific=3x&hdr=2', { params: {} }, {}, 'magnific=2x&hdr=2'],
  ])('makes of %j and %j a query', (query, form, options, expected) => {
    const known = vocabulary(options)
    expect(renderForm('/app/a.png', query, form, known)).toEqual({ query: expected })
    const { params } = parseRequest('/app/a.png', expected, known)
    const usual = Object.entries(fields).map(([name, field]) => [name, field.default])
    expect({ ...Object.fromEntries(usual), ...params }).toMatchObject(form.params)
  })

  it.each<[string, Form, Options, string]>([
    [
      'magnific=2x',
      { params: { prompt: '' } },
      { defaults: { prompt: 'a dog' } },
      'No query says an empty `prompt` here',
    ],
    ['magnific=2x', { params: { prompt: '' }, preset: 'art' }, { presets }, 'an empty `prompt`'],
    [
      'magnific=2x',
      { params: { scale_factor: '2x' }, preset: 'art' },
      { presets },
      '`magnific` would be "8x", and not "2x"',
    ],
    ['magnific=2x', { params: { hdr: 11 } }, {}, 'a whole number from -10 to 10'],
    ['magnific=2x', { params: { hdr: '1' } }, {}, 'a whole number from -10 to 10'],
    ['magnific=2x', { params: { prompt: '\uD800' } }, {}, '`prompt` must be'],
    ['magnific=2x', { params: { prompt: ' ' } }, {}, '`prompt` must be'],
    ['magnific=2x', { params: { toString: 'x' } }, {}, 'There is no field `toString`.'],
    ['magnific=2x', { params: {}, preset: 'toString' }, {}, 'There is no preset "toString".'],
    ['magnific=2x&widht=3', { params: { hdr: 1 } }, {}, 'Unknown key "widht"'],
  ])('says of %j and %j why there is none', (query, form, options, problem) => {
    expect(renderForm('/app/a.png', query, form, vocabulary(options))).toEqual({
      problem: expect.stringContaining(problem),
    })
  })
})
