import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { AlphaPolicy, TooLargePolicy } from '../../src/core/options.ts'
import { inspectSource } from '../../src/image/inspect.ts'
import { findSendableFormat, renderSent } from '../../src/image/prepare.ts'
import { drawNoise, makeJpeg, makePng, makeWebp } from '../helpers/images.ts'
import { makeTurnedJpeg, readPixel } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

interface Settings {
  alpha?: AlphaPolicy
  onTooLarge?: TooLargePolicy
  scale?: number
}

/** Which format of its own a picture is sent in. */
async function formatOf(bytes: Buffer, { alpha = 'join' }: Settings = {}): Promise<unknown> {
  const source = await inspectSource(tmpProject().write('hero', bytes), 2, { onTooLarge: 'error' })
  return findSendableFormat(source, alpha)
}

/** The picture that is made of another one in order to be sent. */
async function render(
  bytes: Buffer,
  { alpha = 'join', onTooLarge = 'error', scale = 2 }: Settings = {},
): Promise<string> {
  const project = tmpProject({ hero: bytes })
  const file = project.path('hero')
  const target = project.path('sent')
  await renderSent(await inspectSource(file, scale, { onTooLarge }), file, alpha, target)
  return target
}

describe('findSendableFormat', () => {
  it.each([
    ['a JPEG', 'jpeg', makeJpeg],
    ['a PNG', 'png', makePng],
    [
      'a PNG whose alpha channel is full',
      'png',
      async () => drawNoise().ensureAlpha().png().toBuffer(),
    ],
    [
      'a JPEG that says it is sRGB',
      'jpeg',
      async () => drawNoise().withIccProfile('srgb').jpeg().toBuffer(),
    ],
  ])('sends %s as it is', async (_, format, make) => {
    expect(await formatOf(await make())).toBe(format)
  })

  it.each<[string, () => Promise<Buffer>]>([
    ['a WebP', makeWebp],
    ['a GIF', async () => drawNoise().gif().toBuffer()],
    ['a TIFF', async () => drawNoise().tiff().toBuffer()],
    ['an AVIF', async () => drawNoise().avif().toBuffer()],
    ['grey', async () => drawNoise().toColourspace('b-w').jpeg().toBuffer()],
    ['16 bit', async () => drawNoise().toColourspace('rgb16').png().toBuffer()],
    ['a palette', async () => drawNoise().png({ palette: true }).toBuffer()],
    ['CMYK', async () => drawNoise().toColourspace('cmyk').jpeg().toBuffer()],
    ['P3', async () => drawNoise().withIccProfile('p3').png().toBuffer()],
    ['transparency', async () => makePng({ alpha: true })],
    ['a turn', async () => makeTurnedJpeg(60, 40, 2)],
  ])('has another file made of %s', async (_, make) => {
    expect(await formatOf(await make())).toBeUndefined()
  })

  it('sends a transparent PNG as it is where its result is kept as it comes', async () => {
    expect(await formatOf(await makePng({ alpha: true }), { alpha: 'keep-result' })).toBe('png')
  })
})

type Side = 'left' | 'right' | 'top' | 'bottom'
const opposite = { left: 'right', right: 'left', top: 'bottom', bottom: 'top' } as const

describe('renderSent', () => {
  // Stored with red on the left half; where red is as it is shown, by the EXIF standard.
  it.each<[number, Side]>([
    [2, 'right'],
    [3, 'right'],
    [4, 'left'],
    [5, 'top'],
    [6, 'top'],
    [7, 'bottom'],
    [8, 'bottom'],
  ])('turns orientation %i upright: red goes to the %s', async (orientation, side) => {
    const prepared = await render(await makeTurnedJpeg(60, 40, orientation))
    const { format, width, height, orientation: left } = await sharp(prepared).metadata()
    const turned = orientation >= 5
    expect({ format, width, height, left }).toEqual({
      format: 'png',
      width: turned ? 40 : 60,
      height: turned ? 60 : 40,
      left: undefined,
    })
    const places: Record<Side, [left: number, top: number]> = {
      left: [1, height / 2],
      right: [width - 2, height / 2],
      top: [width / 2, 1],
      bottom: [width / 2, height - 2],
    }
    const [red, , blue] = await readPixel(prepared, ...places[side])
    expect(red).toBeGreaterThan(200)
    expect(blue).toBeLessThan(60)
    const [noRed] = await readPixel(prepared, ...places[opposite[side]])
    expect(noRed).toBeLessThan(60)
  })

  it.each<[string, () => Promise<Buffer>, number]>([
    ['a WebP', makeWebp, 3],
    ['a GIF', async () => drawNoise().gif().toBuffer(), 3],
    ['an AVIF', async () => drawNoise().avif().toBuffer(), 3],
    ['grey', async () => drawNoise().toColourspace('b-w').jpeg().toBuffer(), 3],
    ['16 bit', async () => drawNoise().toColourspace('rgb16').png().toBuffer(), 3],
    ['16-bit grey', async () => drawNoise().toColourspace('grey16').png().toBuffer(), 3],
    ['a palette', async () => drawNoise().png({ palette: true }).toBuffer(), 3],
    ['CMYK', async () => drawNoise().toColourspace('cmyk').jpeg().toBuffer(), 3],
    ['transparency', async () => makePng({ alpha: true }), 3],
    ['an empty alpha channel', async () => drawNoise().ensureAlpha().webp().toBuffer(), 3],
  ])('makes 8-bit RGB of %s', async (_, make, channels) => {
    expect(await sharp(await render(await make())).metadata()).toMatchObject({
      format: 'png',
      width: 60,
      height: 40,
      space: 'srgb',
      depth: 'uchar',
      channels,
      isPalette: false,
    })
  })

  it('leaves the transparency to a picture whose result is kept as it comes', async () => {
    const bytes = await drawNoise({ alpha: true }).webp({ lossless: true }).toBuffer()
    const prepared = await render(bytes, { alpha: 'keep-result' })
    expect(await sharp(prepared).metadata()).toMatchObject({ channels: 4 })
    const [before, after] = [bytes, prepared].map((image) =>
      sharp(image).extractChannel('alpha').raw().toBuffer(),
    )
    expect((await after)?.equals((await before) as Buffer)).toBe(true)
  })

  it('shrinks what is sent smaller, turned or not', async () => {
    const settings = { onTooLarge: 'downscale', scale: 16 } as const
    for (const [orientation, width, height] of [
      [1, 363, 272],
      [6, 272, 363],
    ] as const) {
      const prepared = await render(await makeTurnedJpeg(480, 360, orientation), settings)
      expect(await sharp(prepared).metadata()).toMatchObject({ width, height })
    }
  })
})
