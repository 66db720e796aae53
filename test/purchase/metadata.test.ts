import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { namesIn } from '../helpers/cache.ts'
import { listChunks, listSegments } from '../helpers/containers.ts'
import { drawNoise } from '../helpers/images.ts'
import { burdenJpeg, burdenPng, makeSegment, secret } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'
import { startRecorder } from '../helpers/recorder.ts'
import { openShop } from '../helpers/shop.ts'
import type { ShopSettings } from '../helpers/shop.ts'

const size = { width: 200, height: 160 }

/** Buys a picture, and tells what the API was given. */
async function submit(
  name: string,
  bytes: Buffer,
  settings: Partial<ShopSettings> = {},
): Promise<Buffer> {
  const emulator = await startEmulator()
  const recorder = await startRecorder(emulator)
  const project = tmpProject({ [name]: bytes })
  const shop = openShop(project, { baseUrl: recorder.url, ...settings })
  await shop.buy(shop.order(project.path(name)))
  expect(postsTo(emulator)).toBe(1)
  expect(namesIn(shop.layout.tmp)).toEqual([])
  const [image] = recorder.images
  if (!image) throw new Error('Nothing was submitted.')
  return image
}

/** Everything that a picture carries beside its pixels, in all ways that are read back. */
function burden(image: Sharp): Sharp {
  return image
    .withExif({ IFD0: { Artist: secret }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1' } })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>${secret}</a></x:xmpmeta>`)
}

async function expectBare(image: Buffer): Promise<void> {
  expect(image.includes(secret)).toBe(false)
  const facts = await sharp(image).metadata()
  for (const key of ['exif', 'xmp', 'iptc', 'icc', 'comments', 'orientation'] as const) {
    expect(facts[key], key).toBeUndefined()
  }
}

async function pixelsOf(image: Buffer): Promise<Buffer> {
  return sharp(image).raw().toBuffer()
}

describe('what others have written into a picture is not sent', () => {
  it.each<[string, (image: Sharp) => Sharp]>([
    ['baseline', (image) => image.jpeg({ quality: 95 })],
    ['progressive', (image) => image.jpeg({ progressive: true })],
    ['with a profile of sRGB', (image) => image.withIccProfile('srgb').jpeg()],
  ])('with a JPEG, whose pixels are sent as they are: %s', async (_, encode) => {
    const source = await burdenJpeg(await encode(burden(drawNoise(size))).toBuffer())
    expect(source.includes(secret)).toBe(true)
    const image = await submit('hero.jpg', source)
    await expectBare(image)
    const others = listSegments(image).filter((marker) => !/^(?:e0|db|c0|c2|c4|da)$/.test(marker))
    expect(others).toEqual([])
    expect((await pixelsOf(image)).equals(await pixelsOf(source))).toBe(true)
  })

  it.each<[string, (image: Sharp) => Sharp]>([
    ['plain', (image) => image.png()],
    ['interlaced', (image) => image.png({ progressive: true })],
    ['with a profile of sRGB', (image) => image.withIccProfile('srgb').png()],
  ])('with a PNG, whose pixels are sent as they are: %s', async (_, encode) => {
    const source = await burdenPng(await encode(burden(drawNoise(size))).toBuffer())
    const image = await submit('hero.png', source)
    await expectBare(image)
    expect([...new Set(listChunks(image))]).toEqual(['IHDR', 'IDAT', 'IEND'])
    const plain = await sharp(source, { ignoreIcc: true }).raw().toBuffer()
    expect((await pixelsOf(image)).equals(plain)).toBe(true)
  })

  it.each<[string, (image: Sharp) => Sharp]>([
    ['a WebP', (image) => image.webp({ lossless: true })],
    ['a TIFF', (image) => image.tiff({ compression: 'lzw' })],
    ['an AVIF', (image) => image.avif({ lossless: true, chromaSubsampling: '4:4:4' })],
    ['a palette', (image) => image.png({ palette: true })],
    ['16 bit', (image) => image.toColourspace('rgb16').png()],
    ['16 bit with a profile', (image) => image.toColourspace('rgb16').withIccProfile('p3').png()],
    ['CMYK', (image) => image.toColourspace('cmyk').jpeg()],
    ['a profile', (image) => image.withIccProfile('p3').jpeg()],
    ['transparency', (image) => image.ensureAlpha(0.5).png()],
    ['an orientation', (image) => image.withMetadata({ orientation: 6 }).jpeg()],
  ])('with what is made of another picture: %s', async (_, encode) => {
    const source = await encode(burden(drawNoise(size))).toBuffer()
    const image = await submit('hero.png', source)
    await expectBare(image)
    expect([...new Set(listChunks(image))]).toEqual(['IHDR', 'IDAT', 'IEND'])
  })

  it('with a transparent picture whose transparency is sent', async () => {
    const source = await burdenPng(
      await drawNoise({ ...size, alpha: true })
        .png()
        .toBuffer(),
    )
    const image = await submit('hero.png', source, { alpha: 'keep-result' })
    await expectBare(image)
    expect((await pixelsOf(image)).equals(await pixelsOf(source))).toBe(true)
  })

  it('with a picture that is built in a way nobody knows: another file is made of it', async () => {
    const jpeg = await drawNoise(size).jpeg().toBuffer()
    // An APP0 that is no JFIF: kept, it might say anything; left out, it might be missed.
    const segment = makeSegment(0xe0, Buffer.from(secret))
    const odd = Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
    const image = await submit('hero.jpg', odd)
    await expectBare(image)
    expect(image.subarray(1, 4).toString()).toBe('PNG')
    expect((await pixelsOf(image)).equals(await pixelsOf(odd))).toBe(true)
  })
})
