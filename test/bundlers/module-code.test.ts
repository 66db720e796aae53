import { describe, expect, it } from 'vitest'
import { renderOutput, renderShipment } from '../../src/bundlers/module-code.ts'
import type { ModuleImage } from '../../src/bundlers/module-code.ts'
import type { Format } from '../../src/core/formats.ts'
import type { Output } from '../../src/core/outputs.ts'
import type { Shipment, Variant } from '../../src/shipment.ts'
import { errorOf } from '../helpers/errors.ts'

/** Imports a module from its code; what it imports itself is its own specifier. */
async function load(code: string): Promise<Record<string, unknown>> {
  const bare = code.replaceAll(/^import (\w+) from (.*)$/gm, 'const $1 = $2')
  return { ...(await import(`data:text/javascript,${encodeURIComponent(bare)}`)) }
}

/** The exports of a module for pictures whose URLs are these. */
async function render(
  output: Output,
  images: readonly ModuleImage[],
): Promise<Record<string, unknown>> {
  return load(await renderOutput(output, images))
}

function image(
  url: string,
  width: number,
  format: Format = 'webp',
  more: Partial<ModuleImage> = {},
): ModuleImage {
  const directives = { format }
  return { url: JSON.stringify(url), width, height: width / 2, directives, from: 'paid', ...more }
}

describe('renderOutput', () => {
  it('gives one URL as a text, and several as a list', async () => {
    expect(await render({ kind: 'url' }, [image('/a.webp', 10)])).toEqual({ default: '/a.webp' })
    expect(await render({ kind: 'url' }, [image('/a.webp', 10), image('/b.webp', 20)])).toEqual({
      default: ['/a.webp', '/b.webp'],
    })
  })

  it('gives a srcset by widths, or by densities where there are some', async () => {
    const images = [image('/a.webp', 10), image('/b.webp', 20)]
    expect(await render({ kind: 'srcset' }, images)).toEqual({
      default: '/a.webp 10w, /b.webp 20w',
    })
    const dense = images.map((each, index) => ({ ...each, density: `${index + 1}x` }))
    expect(await render({ kind: 'srcset' }, dense)).toEqual({ default: '/a.webp 1x, /b.webp 2x' })
  })

  it('gives an img, with its fields by name as well', async () => {
    const one = { src: '/b.webp', w: 20, h: 10 }
    expect(await render({ kind: 'img' }, [image('/b.webp', 20)])).toEqual({ ...one, default: one })
    const two = { ...one, srcset: '/a.webp 10w, /b.webp 20w' }
    expect(await render({ kind: 'img' }, [image('/a.webp', 10), image('/b.webp', 20)])).toEqual({
      ...two,
      default: two,
    })
  })

  it('gives a picture, with its fields by name as well', async () => {
    const images = [
      image('/a.avif', 10, 'avif'),
      image('/b.avif', 20, 'avif'),
      image('/c.png', 20, 'png'),
    ]
    const picture = {
      sources: { avif: '/a.avif 10w, /b.avif 20w' },
      img: { src: '/c.png', w: 20, h: 10 },
    }
    expect(await render({ kind: 'picture' }, images)).toEqual({ ...picture, default: picture })
  })

  it('gives metadata: of one picture an object, of several a list, and no more fields than wanted', async () => {
    const all = { src: '/a.webp', width: 10, height: 5, format: 'webp', from: 'paid' }
    expect(await render({ kind: 'metadata' }, [image('/a.webp', 10)])).toEqual({
      ...all,
      default: all,
    })
    const images = [image('/a.webp', 10, 'webp', { density: '1x' }), image('/b.webp', 20)]
    expect(await render({ kind: 'metadata', fields: ['width', 'from'] }, images)).toEqual({
      default: [
        { width: 10, from: 'paid' },
        { width: 20, from: 'paid' },
      ],
    })
  })

  it('takes any expression for a URL, and any character in it', async () => {
    const odd = '/a b"\'\\`${x}\u2028,.webp'
    const images = [image(odd, 10), { ...image('', 20), url: '["/b", "webp"].join(".")' }]
    expect(await render({ kind: 'srcset' }, images)).toEqual({ default: `${odd} 10w, /b.webp 20w` })
    expect(await render({ kind: 'url' }, images)).toEqual({ default: [odd, '/b.webp'] })
  })

  it('does not take digits in a URL for a picture’s number', async () => {
    const images = [image('/1/0.webp', 1), image('/0/1.webp', 10)]
    expect(await render({ kind: 'srcset' }, images)).toEqual({
      default: '/1/0.webp 1w, /0/1.webp 10w',
    })
  })
})

function shipmentOf(output: Output, names: string[], hostQuery = ''): Shipment {
  const variants = names.map((name, index): Variant => {
    const size = { width: 20 * (index + 1), height: 10, bytes: 1 }
    const info = { ...size, sha256: '', format: 'webp', source: size } as const
    return { file: `/cache/${name}`, directives: { format: 'webp' }, readInfo: () => info }
  })
  return { variants, from: 'cached', origin: 'cached', output, hostQuery }
}

describe('renderShipment', () => {
  it('hands one file on to the host, with what it has still to see', async () => {
    expect(await renderShipment(shipmentOf({ kind: 'url' }, ['a.webp']))).toBe(
      'export { default } from "/cache/a.webp"',
    )
    expect(await renderShipment(shipmentOf({ kind: 'lqip' }, ['a.webp'], 'inline&own=1'))).toBe(
      'export { default } from "/cache/a.webp?inline&own=1"',
    )
  })

  it('imports several files one by one', async () => {
    const code = await renderShipment(shipmentOf({ kind: 'srcset' }, ['a.webp', 'b.webp'], 'own=1'))
    expect(await load(code)).toEqual({
      default: '/cache/a.webp?own=1 20w, /cache/b.webp?own=1 40w',
    })
  })

  it('makes nothing up where figures are lost', async () => {
    const shipment = shipmentOf({ kind: 'srcset' }, ['a.webp', 'b.webp'])
    const variants = shipment.variants.map((each) => ({ ...each, readInfo: () => undefined }))
    const { code } = await errorOf(async () => renderShipment({ ...shipment, variants }))
    expect(code).toBe('CACHE_FAILED')
  })
})
