import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { adobeRgb, deltaE, displayP3, srgb, summarise, toLab } from '../helpers/colours.ts'
import type { Lab, Rgb, Space } from '../helpers/colours.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { makeTurnedJpeg } from '../helpers/odd-images.ts'
import { embedProfile, makeAdobeProfile, makeGreyProfile } from '../helpers/profiles.ts'
import { tmpProject } from '../helpers/project.ts'
import { startRecorder } from '../helpers/recorder.ts'
import { openShop } from '../helpers/shop.ts'

const width = 240
const height = 180
/** Sources and what became of them are compared in blocks of so many pixels a side. */
const block = 4

/** Numbers from 0 to 1 that every space means another colour by, and that all of them can show. */
function colourAt(x: number, y: number): Rgb {
  return [
    0.4 + (0.25 * x) / width,
    0.62 - (0.25 * y) / height,
    0.4 + (0.2 * (x + y)) / (width + height),
  ]
}

/** The picture of those numbers, as they are. @param most what 1 is written as */
function numbers(most: 255 | 65_535): Uint8Array | Uint16Array {
  const values = Array.from({ length: width * height }, (_, index) =>
    colourAt(index % width, Math.floor(index / width)).map((value) => Math.round(value * most)),
  ).flat()
  return most === 255 ? Uint8Array.from(values) : Uint16Array.from(values)
}

function draw(most: 255 | 65_535 = 255): Sharp {
  return sharp(numbers(most), { raw: { width, height, channels: 3 } }).toColourspace(
    most === 255 ? 'srgb' : 'rgb16',
  )
}

/** Of one channel. */
function drawGrey(most: 255 | 65_535 = 255): Sharp {
  const values = numbers(most).filter((_, index) => index % 3 === 0)
  return sharp(values, { raw: { width, height, channels: 1 } }).toColourspace(
    most === 255 ? 'b-w' : 'grey16',
  )
}

/** How a picture looks, block by block. */
function shrink(labAt: (x: number, y: number) => Lab): Lab[] {
  const blocks: Lab[] = []
  for (let top = 0; top < height; top += block) {
    for (let left = 0; left < width; left += block) {
      const sum = [0, 0, 0]
      for (let place = 0; place < block ** 2; place++) {
        const lab = labAt(left + (place % block), top + Math.floor(place / block))
        for (const [index, value] of lab.entries()) sum[index] = (sum[index] ?? 0) + value
      }
      blocks.push(sum.map((value) => value / block ** 2) as unknown as Lab)
    }
  }
  return blocks
}

/** A file, which is said to be sRGB by whoever made it, or says nothing. @param scale of its size to ours */
async function look(image: Buffer, scale = 1): Promise<Lab[]> {
  const { data, info } = await sharp(image, { ignoreIcc: true })
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect([info.width, info.height, info.channels]).toEqual([width * scale, height * scale, 3])
  return shrink((x, y) => {
    const sum = [0, 0, 0]
    for (let place = 0; place < scale ** 2; place++) {
      const row = y * scale + Math.floor(place / scale)
      const at = (row * info.width + x * scale + (place % scale)) * 3
      for (const channel of [0, 1, 2])
        sum[channel] = (sum[channel] ?? 0) + (data[at + channel] ?? 0)
    }
    return toLab(sum.map((value) => value / scale ** 2 / 255) as unknown as Rgb, srgb)
  })
}

const meant = (space: Space): Lab[] => shrink((x, y) => toLab(colourAt(x, y), space))
/** @param gamma of the profile; without it, what the numbers mean in sRGB */
const meantGrey = (gamma?: number): Lab[] =>
  shrink((x, y) => {
    const [value] = colourAt(x, y)
    const linearise = gamma === undefined ? srgb.linearise : (each: number) => each ** gamma
    return toLab([value, value, value], { ...srgb, linearise })
  })

const p3Profile = async (): Promise<Buffer> => {
  const { icc } = await sharp(await draw().withIccProfile('p3').png().toBuffer()).metadata()
  if (!icc) throw new Error('No profile was embedded.')
  return icc
}
const png = async (image: Sharp): Promise<Buffer> => image.png().toBuffer()

/** How far pictures of as many blocks are apart. */
function differ(one: readonly Lab[], other: readonly Lab[]): { mean: number; most: number } {
  return summarise(one.map((lab, index) => deltaE(lab, other[index] ?? [0, 0, 0])))
}

/** Name, the picture, what it means, and by how much a block may differ from that. */
const sources: [string, () => Promise<Buffer>, () => Lab[], number][] = [
  ['sRGB', async () => png(draw()), () => meant(srgb), 0.6],
  ['JPEG', async () => draw().jpeg({ quality: 98 }).toBuffer(), () => meant(srgb), 2],
  ['16-bit sRGB', async () => png(draw(65_535)), () => meant(srgb), 0.6],
  [
    'Display P3',
    async () => embedProfile(await png(draw()), await p3Profile()),
    () => meant(displayP3),
    1,
  ],
  [
    '16-bit Display P3',
    async () => embedProfile(await png(draw(65_535)), await p3Profile()),
    () => meant(displayP3),
    1,
  ],
  [
    'Adobe RGB',
    async () => embedProfile(await png(draw()), makeAdobeProfile()),
    () => meant(adobeRgb),
    1,
  ],
  [
    '16-bit Adobe RGB',
    async () => embedProfile(await png(draw(65_535)), makeAdobeProfile()),
    () => meant(adobeRgb),
    1,
  ],
  ['grey', async () => png(drawGrey()), () => meantGrey(), 0.5],
  ['16-bit grey', async () => png(drawGrey(65_535)), () => meantGrey(), 0.5],
  [
    'grey with a profile',
    async () => embedProfile(await png(drawGrey()), makeGreyProfile(460)),
    () => meantGrey(460 / 256),
    1,
  ],
  [
    '16-bit grey with a profile',
    async () => embedProfile(await png(drawGrey(65_535)), makeGreyProfile(460)),
    () => meantGrey(460 / 256),
    1,
  ],
  [
    'a palette',
    async () => draw().png({ palette: true, quality: 100 }).toBuffer(),
    () => meant(srgb),
    6,
  ],
  ['WebP', async () => draw().webp({ lossless: true }).toBuffer(), () => meant(srgb), 0.6],
  ['TIFF', async () => draw().tiff({ compression: 'deflate' }).toBuffer(), () => meant(srgb), 0.6],
  [
    '16-bit TIFF',
    async () => draw(65_535).tiff({ compression: 'deflate' }).toBuffer(),
    () => meant(srgb),
    0.6,
  ],
  [
    'AVIF',
    async () => draw().avif({ lossless: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    () => meant(srgb),
    0.6,
  ],
  [
    '10-bit AVIF',
    async () =>
      draw(65_535).avif({ quality: 98, bitdepth: 10, chromaSubsampling: '4:4:4' }).toBuffer(),
    () => meant(srgb),
    2,
  ],
  // Its own meaning is that of libvips' profile for print, which loses much on the way there and back.
  [
    'CMYK',
    async () => draw().toColourspace('cmyk').jpeg({ quality: 98 }).toBuffer(),
    () => meant(srgb),
    16,
  ],
]

describe('what goes in looks the same coming out', () => {
  it.each(sources)('of %s, sent and bought', async (_, make, mean, most) => {
    const emulator = await startEmulator()
    const recorder = await startRecorder(emulator)
    const project = tmpProject({ 'hero.png': await make() })
    const shop = openShop(project, { baseUrl: recorder.url })
    const { file } = await shop.buy(shop.order(project.path('hero.png')))
    const expected = mean()
    for (const [image, scale] of [
      [recorder.images[0], 1],
      [readFileSync(file), 2],
    ] as const) {
      const seen = await look(image, scale)
      const found = differ(seen, expected)
      expect(found.most).toBeLessThan(most)
      expect(found.mean).toBeLessThan(most / 2)
    }
    expect(postsTo(emulator)).toBe(1)
    expect(shop.warnings).toEqual([])
  })

  it('is no comparison that anything passes', () => {
    for (const [one, other] of [
      [meant(displayP3), meant(srgb)],
      [meant(adobeRgb), meant(srgb)],
      [meantGrey(460 / 256), meantGrey()],
    ] as const) {
      expect(differ(one, other).most).toBeGreaterThan(3)
    }
  })

  it('of a CMYK picture, as whoever else opens it sees it', async () => {
    const cmyk = await draw().toColourspace('cmyk').jpeg({ quality: 98 }).toBuffer()
    const emulator = await startEmulator()
    const recorder = await startRecorder(emulator)
    const project = tmpProject({ 'hero.jpg': cmyk })
    const shop = openShop(project, { baseUrl: recorder.url })
    await shop.buy(shop.order(project.path('hero.jpg')))
    const opened = await look(await sharp(cmyk).toColourspace('srgb').png().toBuffer())
    const sent = await look(recorder.images[0])
    expect(differ(sent, opened).most).toBeLessThan(0.1)
  })

  it('of a picture that is turned and has a profile', async () => {
    const turned = await sharp(await makeTurnedJpeg(240, 180, 6))
      .keepMetadata()
      .withIccProfile('p3')
      .withMetadata({ orientation: 6, icc: 'p3' })
      .jpeg({ quality: 98 })
      .toBuffer()
    const emulator = await startEmulator()
    const recorder = await startRecorder(emulator)
    const project = tmpProject({ 'hero.jpg': turned })
    const shop = openShop(project, { baseUrl: recorder.url })
    await shop.buy(shop.order(project.path('hero.jpg')))
    const { data, info } = await sharp(recorder.images[0])
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([180, 240])
    // Red on top, blue below: pure ones in sRGB, and in P3 only where nobody has converted them.
    const [top, bottom] = [40, 200].map((y) => [...data.subarray(y * 180 * 3, y * 180 * 3 + 3)])
    expect(deltaE(toLab(fractions(top), srgb), toLab([1, 0, 0], srgb))).toBeLessThan(3)
    expect(deltaE(toLab(fractions(bottom), srgb), toLab([0, 0, 1], srgb))).toBeLessThan(3)
  })
})

function fractions([red = 0, green = 0, blue = 0]: readonly number[] = []): Rgb {
  return [red / 255, green / 255, blue / 255]
}
