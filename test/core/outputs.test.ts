import { describe, expect, it } from 'vitest'
import type { Options } from '../../src/core/options.ts'
import { formatOutput } from '../../src/core/outputs.ts'
import type { Output } from '../../src/core/outputs.ts'
import { parseRequest } from '../../src/core/request.ts'
import type { Request } from '../../src/core/request.ts'
import { errorOf } from '../helpers/errors.ts'
import { vocabularyOf } from '../helpers/vocabulary.ts'

function parse(query: string, options: Options = {}): Request {
  return parseRequest('/project/hero.png', `magnific&${query}`, vocabularyOf(options))
}

async function refusal(query: string, options: Options = {}): Promise<string> {
  return (await errorOf(() => parse(query, options))).text
}

describe('as', () => {
  it.each<[string, Output]>([
    ['', { kind: 'url' }],
    ['as=url', { kind: 'url' }],
    ['as=srcset', { kind: 'srcset' }],
    ['as=picture', { kind: 'picture' }],
    ['as=img', { kind: 'img' }],
    ['as=metadata', { kind: 'metadata' }],
    ['as=meta', { kind: 'metadata' }],
    ['as=metadata:width', { kind: 'metadata', fields: ['width'] }],
    ['as=meta:height;width', { kind: 'metadata', fields: ['height', 'width'] }],
    [
      'as=metadata:src;width;height;format;from',
      { kind: 'metadata', fields: ['src', 'width', 'height', 'format', 'from'] },
    ],
    ['as=lqip', { kind: 'lqip' }],
  ])('?%s is read as %j', (query, output) => {
    expect(parse(query).output).toEqual(output)
  })

  it.each([
    ['as', '`as` must be one of url, srcset, picture, img, metadata, lqip, got "".'],
    ['as=', 'got "".'],
    ['as=pictures', 'got "pictures". Did you mean "picture"?'],
    ['as=SRCSET', 'got "SRCSET". Did you mean "srcset"?'],
    ['as=constructor', 'got "constructor".'],
    ['as=url;img', 'got "url;img".'],
    ['as=metadata:', '`as=metadata` knows the fields src, width, height, format, from, got "".'],
    ['as=metadata:widt', 'got "widt". Did you mean "width"?'],
    ['as=metadata:width;exif', 'got "exif".'],
    ['as=metadata:width,height', 'got "width,height".'],
    ['as=picture:width', 'Only `as=metadata` takes fields, got "picture:width".'],
  ])('?%s is refused: %s', async (query, says) => {
    expect(await refusal(query)).toContain(says)
  })

  it('is written as it was read', () => {
    expect(formatOutput({ kind: 'picture' })).toBe('picture')
    expect(formatOutput({ kind: 'metadata', fields: ['width', 'src'] })).toBe('metadata:width;src')
  })
})

describe('as=lqip', () => {
  it('is one tiny inline picture, whatever its size and format are elsewhere', () => {
    const options: Options = { defaults: { w: [640, 1280], format: ['avif', 'webp'], quality: 3 } }
    const shape = { w: '20', h: '20', allowUpscale: 'true', fit: 'inside' }
    const placeholder = { ...shape, format: 'webp', quality: '40' }
    for (const each of [{}, options]) {
      const { variants, hostQuery } = parse('as=lqip', each)
      expect(variants).toEqual([placeholder])
      expect(hostQuery).toBe('inline')
    }
    expect(parse('as=lqip&inline').hostQuery).toBe('inline')
  })

  it('minds what happens to the pixels', () => {
    expect(parse('as=lqip&grayscale&rotate=90').variants).toEqual([
      {
        w: '20',
        allowUpscale: 'true',
        h: '20',
        fit: 'inside',
        format: 'webp',
        quality: '40',
        rotate: '90',
        grayscale: 'true',
      },
    ])
    expect(parse('as=lqip&aspect=1:1').variants).toEqual([
      { w: '20', aspect: '1:1', allowUpscale: 'true', format: 'webp', quality: '40' },
    ])
  })

  it.each([
    'w=9',
    'h=9',
    'format=png',
    'quality=9',
    'effort=1',
    'lossless',
    'progressive',
    'basePixels=9',
    'allowUpscale',
  ])('refuses what it says itself: ?%s', async (query) => {
    const [name = ''] = query.split('=')
    expect(await refusal(`as=lqip&${query}`)).toContain(
      `\`as=lqip\` says itself how it is made. Leave \`${name}\` out.`,
    )
  })

  it('refuses to be several pictures', async () => {
    expect(await refusal('as=lqip&blur=1;2')).toContain(
      '`as=lqip` is one picture. Write one value for `blur`.',
    )
  })

  it.each(['url', 'no-inline'])('refuses ?%s', async (key) => {
    const says = `\`as=lqip\` is always inline. Leave \`${key}\` out.`
    expect(await refusal(`as=lqip&${key}`)).toContain(says)
    expect(await refusal(key, { defaults: { as: 'lqip' } })).toContain(says)
  })
})
