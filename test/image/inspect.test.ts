import { statSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { MagnificError } from '../../src/core/errors.ts'
import type { TooLargePolicy } from '../../src/core/options.ts'
import { describeDownscale, findOddity, inspectSource } from '../../src/image/inspect.ts'
import { renderThumbnail } from '../../src/image/thumbnail.ts'
import { errorOf } from '../helpers/errors.ts'
import { drawNoise, makeJpeg, makePng, makeWebp } from '../helpers/images.ts'
import {
  drawPlain,
  makeAnimatedGif,
  makeAnimatedWebp,
  makeApng,
  makeAvifSequence,
  makeBmp,
  makeBombPng,
  makeHeicHeader,
  makeTiffOfPages,
  makeTurnedJpeg,
} from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

/** Looks at bytes as the file of that name. */
async function inspect(
  bytes: Uint8Array | string,
  name = 'hero.png',
  scale = 2,
  onTooLarge: TooLargePolicy = 'error',
) {
  return inspectSource(tmpProject().write(name, bytes), scale, { onTooLarge })
}

async function refusalOf(...args: Parameters<typeof inspect>): Promise<MagnificError> {
  const error = await errorOf(() => inspect(...args))
  expect(error.file).toMatch(new RegExp(`${args[1] ?? 'hero.png'}$`))
  return error
}

describe('a good source', () => {
  it.each([
    ['hero.png', 'png', makePng],
    ['hero.jpg', 'jpeg', makeJpeg],
    ['hero.webp', 'webp', makeWebp],
  ] as const)('%s is measured', async (name, format, make) => {
    const file = tmpProject().write(name, await make({ width: 61, height: 43 }))
    expect(await inspectSource(file, 4, { onTooLarge: 'error' })).toEqual({
      file,
      format,
      bytes: statSync(file).size,
      width: 61,
      height: 43,
      sent: { width: 61, height: 43 },
      orientation: 1,
      hasAlpha: false,
      isRgb8: true,
      profile: 'none',
      space: 'srgb',
      transparent: false,
      thumbnail: await renderThumbnail(file),
    })
  })

  it.each([
    ['hero.png', 'jpeg', makeJpeg],
    ['hero.png', 'webp', makeWebp],
    ['hero.jpg', 'png', makePng],
    ['hero.webp', 'jpeg', makeJpeg],
    ['hero.avif', 'png', makePng],
  ] as const)('may have the extension of another format: %s', async (name, format, make) => {
    expect(await inspect(await make(), name)).toMatchObject({ format, width: 60, height: 40 })
  })

  it.each(['gif', 'avif', 'tiff', 'heif'] as const)('may be a %s', async (format) => {
    const compression = format === 'heif' ? ({ compression: 'av1' } as const) : {}
    const bytes = await drawNoise().toFormat(format, compression).toBuffer()
    expect(await inspect(bytes)).toMatchObject({
      format: format === 'heif' ? 'avif' : format,
      width: 60,
      height: 40,
      transparent: false,
    })
  })

  it.each([
    ['PNG', makePng],
    ['WebP', makeWebp],
    ['palette', async () => drawNoise({ alpha: true }).png({ palette: true }).toBuffer()],
    ['16-bit PNG', async () => drawNoise({ alpha: true }).toColourspace('rgb16').png().toBuffer()],
  ])('may be transparent: %s', async (_, make) => {
    expect(await inspect(await make({ alpha: true }))).toMatchObject({ transparent: true })
  })

  it.each([
    ['PNG', async () => drawNoise().ensureAlpha().png().toBuffer()],
    ['GIF', async () => drawNoise().gif().toBuffer()],
    ['16-bit PNG', async () => drawNoise().ensureAlpha().toColourspace('rgb16').png().toBuffer()],
  ])('with an alpha channel that is full is opaque: %s', async (_, make) => {
    expect(await inspect(await make())).toMatchObject({ transparent: false })
  })

  it.each(['png', 'jpeg'] as const)('may be progressive: %s', async (format) => {
    const bytes = await drawNoise().toFormat(format, { progressive: true }).toBuffer()
    expect(await inspect(bytes)).toMatchObject({ width: 60, height: 40 })
  })

  it.each([
    [1, 60, 40],
    [2, 60, 40],
    [3, 60, 40],
    [4, 60, 40],
    [5, 40, 60],
    [6, 40, 60],
    [7, 40, 60],
    [8, 40, 60],
  ])('with EXIF orientation %i is %i×%i as it is shown', async (orientation, width, height) => {
    const bytes = await makeTurnedJpeg(60, 40, orientation)
    expect(await inspect(bytes, 'hero.jpg')).toMatchObject({
      width,
      height,
      orientation,
    })
  })

  it('that was saved anew is looked at anew', async () => {
    const { write } = tmpProject()
    const file = write('hero.png', await makePng())
    expect(await inspectSource(file, 2, { onTooLarge: 'error' })).toMatchObject({
      width: 60,
      height: 40,
    })
    write('hero.png', await makePng({ width: 30, height: 20 }))
    expect(await inspectSource(file, 2, { onTooLarge: 'error' })).toMatchObject({
      width: 30,
      height: 20,
    })
  })
})

describe('what is no picture to upscale', () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="9"/></svg>'
  it.each<[string, () => Promise<Buffer> | Buffer | string, string]>([
    ['an empty file', () => '', 'It is empty.'],
    ['an SVG', () => svg, 'It is an SVG'],
    ['an SVG with a prologue', () => `<?xml version="1.0"?>\n${svg}`, 'It is an SVG'],
    ['an HTML page', () => '<!doctype html><title>Log in</title>', 'It is an HTML page'],
    ['a text', () => 'a fox', 'It is no picture that is known'],
    [
      'a pointer of Git LFS',
      () => 'version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n',
      'It is a pointer of Git LFS',
    ],
    ['an animated WebP', makeAnimatedWebp, 'It is animated'],
    ['an animated GIF', makeAnimatedGif, 'It is animated'],
    ['an animated AVIF', makeAvifSequence, 'It is animated'],
    ['a TIFF of two pages', makeTiffOfPages, 'It holds 2 pictures, and the upscaler takes one.'],
    ['a BMP', makeBmp, 'It is a BMP, which the installed sharp does not read. Convert it'],
    ['a HEIC', makeHeicHeader, 'It is a HEIF (HEIC), which the installed sharp does not read'],
    ['an animated PNG', async () => makeApng(await makePng()), 'It is animated'],
  ])('is refused though it is named .png: %s', async (_, make, why) => {
    const error = await refusalOf(await make())
    expect(error.code).toBe('SOURCE_REFUSED')
    expect(error.text).toContain(`The image cannot be upscaled. ${why}`)
  })
})

describe('a damaged source', () => {
  /** Large enough that a header alone says nothing. */
  const large = { width: 400, height: 300 }
  it.each([
    ['PNG', async () => makePng(large)],
    ['interlaced PNG', async () => drawNoise(large).png({ progressive: true }).toBuffer()],
    ['JPEG', async () => makeJpeg(large)],
    ['progressive JPEG', async () => drawNoise(large).jpeg({ progressive: true }).toBuffer()],
    ['WebP', async () => makeWebp(large)],
  ])('is refused wherever it was cut off: %s', async (_, make) => {
    const bytes = await make()
    for (const length of [30, 700, bytes.length >> 1, bytes.length - 500, bytes.length - 20]) {
      const error = await refusalOf(bytes.subarray(0, length))
      expect(error.code).toBe('SOURCE_REFUSED')
      expect(error.text).toMatch(/^The image cannot be upscaled\. It is damaged: .+\. Restore it/)
      expect(error.cause).toBeInstanceOf(Error)
    }
  })

  it.each([
    ['the pixels of a PNG', async () => makePng(large), 50_000],
    ['the header of a PNG', async () => makePng(large), 14],
    ['the header of a JPEG', async () => makeJpeg(large), 14],
    ['the header of a WebP', async () => makeWebp(large), 14],
  ])('is refused where it was overwritten: %s', async (_, make, at) => {
    const bytes = await make()
    bytes.fill(0x55, at, at + 200)
    const error = await refusalOf(bytes)
    expect(error.code).toBe('SOURCE_REFUSED')
    expect(error.text).toContain('It is damaged: ')
  })

  it('is told in one line', async () => {
    const bytes = await makePng(large)
    expect((await refusalOf(bytes.subarray(0, 700))).text).not.toContain('\n')
  })
})

describe('the limit of 25.3 megapixels', () => {
  const makePlain = async (width: number, height: number): Promise<Buffer> =>
    drawPlain(width, height).png({ compressionLevel: 1 }).toBuffer()

  it('is met to the pixel', async () => {
    // 2530 × 2500 × 4 = 25,300,000
    const fits = await makePlain(2530, 2500)
    expect(await inspect(fits, 'hero.png', 2)).toMatchObject({ width: 2530, height: 2500 })
    const error = await refusalOf(await makePlain(2530, 2501), 'hero.png', 2)
    expect(error.code).toBe('OUTPUT_TOO_LARGE')
    expect(error.text).toBe(
      '2530×2501 at 2x would be 5060×5002, 25.31 megapixels; the API returns at most 25.3. ' +
        'No scale fits: reduce the image first, to at most 6.325 megapixels. ' +
        "The option `onTooLarge: 'downscale'` sends it as large as fits.",
    )
  })

  it.each([
    [1000, 1000, 8, '4x'],
    [1000, 1000, 16, '4x'],
    [2000, 3000, 4, '2x'],
    [600, 600, 16, '8x'],
  ])('%i×%i at %ix is refused, and %s is named', async (width, height, scale, largest) => {
    const error = await refusalOf(await makePlain(width, height), 'hero.png', scale)
    expect(error.code).toBe('OUTPUT_TOO_LARGE')
    expect(error.text).toContain(`Write magnific=${largest}, the largest scale that fits.`)
    expect(
      await inspect(await makePlain(width, height), 'hero.png', Number.parseInt(largest, 10)),
    ).toBeDefined()
  })

  it('refuses a small file of 256 megapixels by its header alone', async () => {
    const bomb = makeBombPng(16_000, 16_000)
    expect(bomb.length).toBeLessThan(100_000)
    // It is whole: sharp would decode it.
    expect(await sharp(bomb, { limitInputPixels: false }).metadata()).toMatchObject({
      width: 16_000,
      height: 16_000,
    })
    const error = await refusalOf(bomb)
    expect(error.code).toBe('OUTPUT_TOO_LARGE')
    expect(error.text).toContain('No scale fits')
  })

  it('is asked of the picture as it is shown', async () => {
    const turned = await makeTurnedJpeg(4000, 3000, 6)
    expect((await refusalOf(turned, 'hero.jpg')).text).toContain('3000×4000 at 2x would be 6000')
  })
})

describe("onTooLarge: 'downscale'", () => {
  const makePlain = async (width: number, height: number): Promise<Buffer> =>
    drawPlain(width, height).png({ compressionLevel: 1 }).toBuffer()

  it('leaves what fits in its own size', async () => {
    const source = await inspect(await makePlain(2530, 2500), 'hero.png', 2, 'downscale')
    expect(source.sent).toEqual({ width: 2530, height: 2500 })
    expect(describeDownscale(source, 2)).toBeUndefined()
  })

  it.each([
    [2530, 2501, 2, 2529, 2500],
    [4000, 3000, 2, 2904, 2178],
    [1000, 1000, 8, 628, 628],
  ])('sends %i×%i at %ix as it fits', async (width, height, scale, ...sent) => {
    const source = await inspect(await makePlain(width, height), 'a.png', scale, 'downscale')
    expect([source.width, source.height]).toEqual([width, height])
    expect(Object.values(source.sent)).toEqual(sent)
  })

  it('turns the size with the picture', async () => {
    const turned = await makeTurnedJpeg(4000, 3000, 6)
    const { sent } = await inspect(turned, 'hero.jpg', 2, 'downscale')
    expect(sent).toEqual({ width: 2178, height: 2904 })
  })

  it('refuses by its header what is too large to be decoded', async () => {
    const error = await refusalOf(makeBombPng(16_000, 16_000), 'hero.png', 2, 'downscale')
    expect(error.code).toBe('OUTPUT_TOO_LARGE')
    expect(error.text).toBe(
      '16000×16000 are more than the 101.2 megapixels that are read in order to be sent smaller. Reduce the image first.',
    )
  })

  it('says what is sent, how large the upscale will be, and whether that is of any use', () => {
    const size = { width: 4000, height: 3000 }
    expect(describeDownscale({ ...size, sent: { width: 2904, height: 2178 } }, 2)).toBe(
      'is 4000×3000, which is too large for 2x; it is sent as 2904×2178, and its upscale will be 5808×4356',
    )
    expect(describeDownscale({ ...size, sent: { width: 250, height: 187 } }, 16)).toBe(
      'is 4000×3000, which is too large for 16x; it is sent as 250×187, and its upscale will be 4000×2992, ' +
        'which is no larger than the image itself: take a smaller scale, or leave `?magnific` out',
    )
  })
})

describe('what the numbers of its pixels mean', () => {
  it.each<[string, () => Promise<Buffer>, object]>([
    ['sRGB', async () => drawNoise().withIccProfile('srgb').png().toBuffer(), { profile: 'srgb' }],
    ['P3', async () => drawNoise().withIccProfile('p3').jpeg().toBuffer(), { profile: 'foreign' }],
    ['grey', async () => drawNoise().toColourspace('b-w').png().toBuffer(), { isRgb8: false }],
    ['16 bit', async () => drawNoise().toColourspace('rgb16').png().toBuffer(), { isRgb8: false }],
    ['CMYK', async () => drawNoise().toColourspace('cmyk').jpeg().toBuffer(), { isRgb8: false }],
    ['a palette', async () => drawNoise().png({ palette: true }).toBuffer(), { isRgb8: false }],
    ['alpha', async () => makePng({ alpha: true }), { isRgb8: true, profile: 'none' }],
  ])('is found out: %s', async (_, make, facts) => {
    expect(await inspect(await make())).toMatchObject(facts)
  })
})

describe('findOddity', () => {
  const oddityOf = (width: number, height: number): string | undefined =>
    findOddity({ sent: { width, height } })

  it.each([
    [159, 400, 'is 159×400; the upscaler may refuse sides under 160 pixels'],
    [400, 159, 'is 400×159; the upscaler may refuse sides under 160 pixels'],
    [160, 481, 'is 160×481; the upscaler may refuse shapes beyond 3:1'],
    [481, 160, 'is 481×160; the upscaler may refuse shapes beyond 3:1'],
    [160, 480, undefined],
    [480, 160, undefined],
    [160, 160, undefined],
  ])('of %i×%i: %s', (width, height, oddity) => {
    expect(oddityOf(width, height)).toBe(oddity)
  })
})
