import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { joinAlpha, lacksAlpha } from '../../src/image/alpha.ts'
import { needsAlpha } from '../../src/store/records.ts'
import { compareSrgb } from '../helpers/colours.ts'
import { listChunks } from '../helpers/containers.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { namesIn } from '../helpers/cache.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { openShop } from '../helpers/shop.ts'

type Colour = readonly [red: number, green: number, blue: number]
type Pixels = Uint8Array

const size = { width: 200, height: 160 }

/** A ring of one colour into the next, with soft edges; what is hidden around it is told. */
function drawRing(hidden: (x: number, y: number) => Colour): Pixels {
  const pixels = new Uint8Array(size.width * size.height * 4)
  for (let index = 0; index < size.width * size.height; index++) {
    const x = index % size.width
    const y = Math.floor(index / size.width)
    const edge = 25 - Math.abs(Math.hypot(x - 100, y - 80) - 40)
    const alpha = Math.round(255 * Math.min(Math.max(edge / 6, 0), 1))
    const seen: Colour = [120 + x / 2, 160 - y / 2, 90]
    pixels.set([...(alpha > 0 ? seen : hidden(x, y)), alpha], index * 4)
  }
  return pixels
}

const hiddenColours: [string, (x: number, y: number) => Colour][] = [
  ['black', () => [0, 0, 0]],
  ['white', () => [255, 255, 255]],
  ['garbage', (x, y) => [(x * 97) % 256, (y * 61) % 256, ((x ^ y) * 31) % 256]],
]

/** How pixels with alpha look on a grey ground, as sharp would enlarge what is seen of them. */
async function onGround(rgba: Pixels, ground: number, scale: number): Promise<Pixels> {
  const flat = new Uint8Array((rgba.length / 4) * 3)
  for (let pixel = 0; pixel < rgba.length / 4; pixel++) {
    const opacity = (rgba[pixel * 4 + 3] ?? 0) / 255
    for (let channel = 0; channel < 3; channel++) {
      const own = rgba[pixel * 4 + channel] ?? 0
      flat[pixel * 3 + channel] = Math.round(own * opacity + ground * (1 - opacity))
    }
  }
  if (scale === 1) return flat
  return sharp(flat, { raw: { ...size, channels: 3 } })
    .resize(size.width * scale, size.height * scale, { fit: 'fill', kernel: 'lanczos3' })
    .raw()
    .toBuffer()
}

describe('the transparency of a source whose result has none', () => {
  it.each(hiddenColours)('is joined to it without fringes over a hidden %s', async (_, hidden) => {
    const rgba = drawRing(hidden)
    const source = await sharp(rgba, { raw: { ...size, channels: 4 } })
      .png()
      .toBuffer()
    // Lays on black what is transparent, as the API may.
    const emulator = await startEmulator({ alpha: 'drop' })
    const project = tmpProject({ 'logo.png': source })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('logo.png'), 'magnific=4x')
    const { record, file } = await shop.buy(order)
    expect(needsAlpha(record)).toBe(true)
    const paid = readFileSync(file)

    const target = project.path('joined.png')
    const written = await joinAlpha({ file: order.file }, file, target)
    const joined = readFileSync(target)
    expect(written).toEqual({ bytes: joined.length, width: 800, height: 640 })
    expect(listChunks(joined)).toContain('sRGB')
    const { data, info } = await sharp(joined).raw().toBuffer({ resolveWithObject: true })
    expect(info.channels).toBe(4)
    for (const ground of [0, 255]) {
      const seen = await onGround(data, ground, 1)
      const { most, mean } = compareSrgb(seen, await onGround(rgba, ground, 4))
      expect(most).toBeLessThan(4)
      expect(mean).toBeLessThan(0.3)
    }
    // The paid bytes are as they came, and nothing is left beside what was written.
    expect(readFileSync(file).equals(paid)).toBe(true)
    expect(namesIn(project.dir).filter((name) => name.startsWith('joined'))).toEqual(['joined.png'])
    expect(postsTo(emulator)).toBe(1)
    expect(shop.warnings).toEqual([])
  })

  it('is turned as the picture is shown', async () => {
    const half = Uint8Array.from({ length: size.width * size.height * 4 }, (_, index) =>
      index % 4 === 3 && (index >> 2) % size.width >= 100 ? 0 : 255,
    )
    const left = await sharp(half, { raw: { ...size, channels: 4 } })
      .withMetadata({ orientation: 6 })
      .webp({ lossless: true })
      .toBuffer()
    const project = tmpProject({
      'a.webp': left,
      'result.png': await makePng({ width: 320, height: 400 }),
    })
    const target = project.path('b.png')
    await joinAlpha({ file: project.path('a.webp') }, project.path('result.png'), target)
    const alpha = await sharp(target).extractChannel(3).raw().toBuffer()
    // Stored opaque on the left; shown, opaque on top.
    expect([alpha[160 + 320 * 20], alpha[160 + 320 * 380]]).toEqual([255, 0])
  })

  it.each([
    [
      '16 bit',
      async () =>
        sharp(
          drawRing(() => [0, 0, 0]),
          { raw: { ...size, channels: 4 } },
        )
          .toColourspace('rgb16')
          .png()
          .toBuffer(),
    ],
    [
      'WebP',
      async () =>
        sharp(
          drawRing(() => [0, 0, 0]),
          { raw: { ...size, channels: 4 } },
        )
          .webp({ lossless: true })
          .toBuffer(),
    ],
    [
      'grey',
      async () =>
        sharp(
          drawRing(() => [0, 0, 0]),
          { raw: { ...size, channels: 4 } },
        )
          .toColourspace('b-w')
          .png()
          .toBuffer(),
    ],
  ])('is the same whatever it is stored as: %s', async (_, make) => {
    const project = tmpProject({ a: await make(), 'result.png': await makePng(size) })
    const target = project.path('b.png')
    await joinAlpha({ file: project.path('a') }, project.path('result.png'), target)
    const expected = drawRing(() => [0, 0, 0]).filter((_value, index) => index % 4 === 3)
    const alpha = await sharp(target).extractChannel(3).raw().toBuffer()
    expect(alpha.equals(expected)).toBe(true)
  })

  it('is joined to a result whose alpha channel is full, and to one that is smaller', async () => {
    const source = await sharp(
      drawRing(() => [0, 0, 0]),
      { raw: { ...size, channels: 4 } },
    )
      .png()
      .toBuffer()
    const noise = await makePng({ width: 100, height: 80 })
    const full = await sharp(noise).ensureAlpha().png().toBuffer()
    const project = tmpProject({ a: source, r: full })
    expect(await lacksAlpha(project.path('a'), project.path('r'))).toBe(true)
    await joinAlpha({ file: project.path('a') }, project.path('r'), project.path('b'))
    const { data, info } = await sharp(project.path('b'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([info.width, info.height, info.channels]).toEqual([100, 80, 4])
    const colours = data.filter((_, index) => index % 4 !== 3)
    expect(Buffer.from(colours)).toEqual(await sharp(noise).raw().toBuffer())
    expect(await lacksAlpha(project.path('a'), project.path('b'))).toBe(false)
  })
})
