import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { isAlike, renderThumbnail, thumbnailSide } from '../../src/image/thumbnail.ts'
import { drawNoise, makePng } from '../helpers/images.ts'
import { drawPlain, makeBombPng, makeTurnedJpeg } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

type Colour = [red: number, green: number, blue: number]

const size = { width: 200, height: 160 }

/** The thumbnail of a picture under a name that says nothing. */
async function thumbnailOf(bytes: Uint8Array): Promise<Buffer> {
  return renderThumbnail(tmpProject().write('picture', bytes))
}

/** Whether a result shows the picture of a source. */
async function shows(result: Uint8Array, source: Uint8Array): Promise<boolean> {
  return isAlike(await thumbnailOf(source), await thumbnailOf(result))
}

/** The largest difference between two bytes at the same place. */
function farthest(a: Buffer, b: Buffer): number {
  expect(a).toHaveLength(b.length)
  return a.reduce((most, byte, index) => Math.max(most, Math.abs(byte - b[index])), 0)
}

/** A picture that goes from one colour to the other, from the left to the right. */
async function makeSlope(from: number, to: number, width = 200, height = 160): Promise<Buffer> {
  const pixels = Buffer.from(
    Array.from({ length: width * height }, (_, index) =>
      Math.round(from + ((index % width) * (to - from)) / width),
    ),
  )
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer()
}

/** Enlarges as the emulator does. */
async function upscale(picture: Buffer, scale: number, ground?: string): Promise<Buffer> {
  const { autoOrient } = await sharp(picture).metadata()
  const image = sharp(picture).autoOrient()
  const flat = ground === undefined ? image : image.flatten({ background: ground })
  return flat
    .resize(autoOrient.width * scale, autoOrient.height * scale, {
      kernel: 'lanczos3',
      fit: 'fill',
    })
    .png()
    .toBuffer()
}

/** A thumbnail of one colour. */
function plain(...pixel: [...Colour, alpha: number]): Buffer {
  return Buffer.from(Array.from({ length: thumbnailSide ** 2 }, () => pixel).flat())
}

describe('renderThumbnail', () => {
  it.each<[string, Sharp, Colour, number]>([
    ['colour', drawPlain(90, 50, '#c03'), [204, 0, 51], 255],
    ['colour with alpha', drawPlain(90, 50, '#c03').ensureAlpha(0.2), [204, 0, 51], 51],
    ['grey', drawPlain(90, 50, '#888').toColourspace('b-w'), [136, 136, 136], 255],
    ['16 bit', drawPlain(90, 50, '#c03').toColourspace('rgb16'), [204, 0, 51], 255],
    ['a palette', drawPlain(90, 50, '#c03').png({ palette: true }), [204, 0, 51], 255],
    ['fewer pixels than it has itself', drawPlain(5, 3, '#c03'), [204, 0, 51], 255],
  ])('gives 24×24 pixels of four bytes for a PNG of %s', async (_, image, colour, alpha) => {
    const thumbnail = await thumbnailOf(await image.png().toBuffer())
    expect(thumbnail).toHaveLength(2304)
    expect(thumbnail[3]).toBe(alpha)
    // What shows through by a fifth is rounded five times as coarsely.
    expect(farthest(thumbnail, plain(...colour, alpha))).toBeLessThan(255 / alpha + 1)
  })

  it.each(['jpeg', 'webp', 'avif'] as const)('reads a %s as well', async (format) => {
    const bytes = await drawPlain(90, 50, '#c03').toFormat(format).toBuffer()
    expect(farthest(await thumbnailOf(bytes), plain(204, 0, 51, 255))).toBeLessThan(8)
  })

  it('turns the colours of another profile into sRGB', async () => {
    const png = await makePng(size)
    const wide = await sharp(png).withIccProfile('p3').png().toBuffer()
    expect(farthest(await thumbnailOf(png), await thumbnailOf(wide))).toBeLessThan(4)
  })

  it.each(['png', 'jpeg', 'webp', 'avif'] as const)('throws at a %s cut off', async (format) => {
    const bytes = await drawNoise({ width: 400, height: 300 }).toFormat(format).toBuffer()
    for (const length of [bytes.length >> 1, bytes.length - 500]) {
      await expect(thumbnailOf(bytes.subarray(0, length))).rejects.toThrow(/./)
    }
  })

  it('throws at more pixels than the API ever returns', async () => {
    await expect(thumbnailOf(makeBombPng(16_000, 16_000))).rejects.toThrow(/pixel limit/)
  })
})

describe('isAlike', () => {
  it.each([2, 4, 8])('knows a picture by its %ix', async (scale) => {
    const png = await makePng(size)
    expect(await shows(await upscale(png, scale), png)).toBe(true)
  })

  it('does not know a picture by others, as they are or enlarged', async () => {
    const png = await makePng(size)
    for (const seed of [2, 3, 4, 5]) {
      const other = await makePng({ ...size, seed })
      expect(await shows(other, png)).toBe(false)
      expect(await shows(await upscale(other, 2), png)).toBe(false)
    }
  })

  it.each([80, 95])('knows a picture by a JPEG of quality %i', async (quality) => {
    const png = await makePng(size)
    const jpeg = await sharp(await upscale(png, 2))
      .jpeg({ quality })
      .toBuffer()
    expect(await shows(jpeg, png)).toBe(true)
  })

  it.each(['#000', '#fff', undefined])(
    'knows a picture with transparency by its result on the ground %s, and by no other one',
    async (ground) => {
      const png = await makePng({ ...size, alpha: true })
      expect(await shows(await upscale(png, 2, ground), png)).toBe(true)
      const other = await makePng({ ...size, alpha: true, seed: 2 })
      expect(await shows(await upscale(other, 2, ground), png)).toBe(false)
    },
  )

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'knows a JPEG of EXIF orientation %i by its upright upscale',
    async (orientation) => {
      const jpeg = await makeTurnedJpeg(60, 40, orientation)
      expect(await shows(await upscale(jpeg, 2), jpeg)).toBe(true)
    },
  )

  it('does not know a picture by the same one lying on its side', async () => {
    const [upright, lying] = [await makeTurnedJpeg(60, 40, 1), await makeTurnedJpeg(60, 40, 6)]
    expect(await shows(lying, upright)).toBe(false)
    expect(await shows(upright, lying)).toBe(false)
  })

  it.each(['#000', '#fff', '#888', '#c03'])(
    'knows a picture of one colour by nothing, not even by itself: %s',
    async (colour) => {
      const flat = await drawPlain(200, 160, colour).png().toBuffer()
      expect(await shows(flat, flat)).toBe(false)
      expect(await shows(await upscale(flat, 2), flat)).toBe(false)
    },
  )

  it('knows a picture of one transparent colour by nothing either, whatever its shade', async () => {
    for (const alpha of [0, 51, 255]) {
      const flat = plain(204, 0, 51, alpha)
      expect(isAlike(flat, flat)).toBe(false)
    }
  })

  it('knows a picture with little in it by itself, and not by one that is flat', async () => {
    const faint = await makeSlope(120, 136)
    expect(await shows(await upscale(faint, 2), faint)).toBe(true)
    expect(await shows(await makeSlope(128, 128), faint)).toBe(false)
    expect(await shows(await makeSlope(136, 120), faint)).toBe(false)
  })

  it('knows a picture by what has its motif, and not where that is much lighter or darker', async () => {
    const slope = await makeSlope(40, 200)
    expect(await shows(await makeSlope(44, 204), slope)).toBe(true)
    expect(await shows(await makeSlope(55, 215), slope)).toBe(false)
    expect(await shows(await makeSlope(25, 185), slope)).toBe(false)
    expect(await shows(await makeSlope(200, 40), slope)).toBe(false)
  })

  it('does not look at the colour of what is transparent', () => {
    const half = (colour: number): Buffer =>
      Buffer.from(
        Array.from({ length: thumbnailSide ** 2 }, (_, index) =>
          index % 2 === 0 ? [colour, colour, colour, 0] : [200, 30, 90, 255],
        ).flat(),
      )
    expect(isAlike(half(0), half(255))).toBe(true)
  })

  it('throws at what is no thumbnail', () => {
    const thumbnail = plain(0, 0, 0, 255)
    for (const bytes of [Buffer.alloc(0), thumbnail.subarray(1), Buffer.alloc(2305)]) {
      expect(() => isAlike(thumbnail, bytes)).toThrow(RangeError)
      expect(() => isAlike(bytes, thumbnail)).toThrow(RangeError)
    }
  })
})
