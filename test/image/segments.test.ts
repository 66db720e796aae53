import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { selectRanges } from '../../src/image/scan.ts'
import { findPixelRanges } from '../../src/image/segments.ts'
import { listChunks, listSegments } from '../helpers/containers.ts'
import { dropChunks } from '../helpers/png-chunks.js'
import { drawNoise, makeJpeg, makePng } from '../helpers/images.ts'
import { burdenJpeg, burdenPng, insertChunk, makeSegment, secret } from '../helpers/odd-images.ts'

/** The bytes in pieces of a size. */
async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** What is left of a file; `undefined` where it is not understood. */
async function strip(
  format: 'jpeg' | 'png',
  bytes: Buffer,
  size = 65_536,
): Promise<Buffer | undefined> {
  const ranges = await findPixelRanges(format, cut(bytes, size))
  if (!ranges) return undefined
  const pieces: Buffer[] = []
  for await (const piece of selectRanges(cut(bytes, size), ranges)) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function pixelsOf(bytes: Buffer): Promise<string> {
  return (await sharp(bytes).raw().toBuffer()).toString('base64')
}

const large = { width: 300, height: 200 }
const jpegs: [string, () => Promise<Buffer>][] = [
  ['baseline', async () => makeJpeg(large)],
  ['progressive', async () => drawNoise(large).jpeg({ progressive: true }).toBuffer()],
  [
    'with all colours in full',
    async () => drawNoise(large).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
  ],
  ['with optimised tables', async () => drawNoise(large).jpeg({ mozjpeg: true }).toBuffer()],
  ['of one pixel', async () => makeJpeg({ width: 1, height: 1 })],
]

describe('the pixels of a JPEG', () => {
  it.each(jpegs)('are found among all that others write into it: %s', async (_, make) => {
    const jpeg = await make()
    const burdened = await burdenJpeg(jpeg)
    expect(burdened.includes(secret)).toBe(true)
    const stripped = await strip('jpeg', burdened)
    expect(stripped).toEqual(jpeg)
  })

  it.each(jpegs)('are all there is already: %s', async (_, make) => {
    const jpeg = await make()
    expect(await strip('jpeg', jpeg)).toEqual(jpeg)
  })

  it.each([1, 2, 3, 7, 4096])('are found in pieces of %i bytes', async (size) => {
    const jpeg = await makeJpeg()
    expect(await strip('jpeg', await burdenJpeg(jpeg), size)).toEqual(jpeg)
  })

  it('are found between scans, behind fill bytes, and between restart markers', async () => {
    const jpeg = await drawNoise(large).jpeg({ progressive: true }).toBuffer()
    const comment = makeSegment(0xfe, Buffer.from(secret))
    const second = jpeg.lastIndexOf(Buffer.from('ffda', 'hex'))
    const fill = Buffer.alloc(5, 0xff)
    const odd = Buffer.concat([
      jpeg.subarray(0, 2),
      fill,
      comment,
      jpeg.subarray(2, second),
      comment,
      fill,
      jpeg.subarray(second, -2),
      Buffer.from('ffd0', 'hex'),
      fill,
      jpeg.subarray(-2),
    ])
    const stripped = await strip('jpeg', odd)
    expect(stripped?.includes(secret)).toBe(false)
    expect(await pixelsOf(stripped as Buffer)).toBe(await pixelsOf(jpeg))
  })

  it('keep their JFIF header', async () => {
    const jpeg = insertSegment(await makeJpeg(), makeJfif())
    expect(await strip('jpeg', jpeg)).toEqual(jpeg)
  })

  it('keep what Adobe says about their colours, and no profile', async () => {
    const cmyk = await drawNoise().toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer()
    expect(listSegments(cmyk)).toContain('e2')
    const stripped = (await strip('jpeg', cmyk)) as Buffer
    expect(listSegments(stripped)).toContain('ee')
    expect(listSegments(stripped)).not.toContain('e2')
  })

  it.each<[string, (jpeg: Buffer) => Buffer]>([
    ['is cut off', (jpeg) => jpeg.subarray(0, -2)],
    ['is cut off in its header', (jpeg) => jpeg.subarray(0, 100)],
    ['is empty', () => Buffer.alloc(0)],
    ['begins with something else', (jpeg) => Buffer.concat([Buffer.from('ff'), jpeg])],
    ['has a thumbnail in its JFIF header', (jpeg) => insertSegment(jpeg, makeJfif(8, 8))],
    ['has a segment that is none', (jpeg) => insertSegment(jpeg, Buffer.from('ff010004', 'hex'))],
    ['has a segment of no length', (jpeg) => insertSegment(jpeg, Buffer.from('ffe10001', 'hex'))],
    ['has bytes between its segments', (jpeg) => insertSegment(jpeg, Buffer.from('00', 'hex'))],
    [
      'says more than is known of its colours',
      (jpeg) => insertSegment(jpeg, makeSegment(0xee, Buffer.from('Adobe-and-more'))),
    ],
    [
      'has an APP0 that nobody knows',
      (jpeg) => insertSegment(jpeg, makeSegment(0xe0, Buffer.from(secret))),
    ],
    ['has no frame', () => Buffer.from('ffd8ffd9', 'hex')],
  ])('are not looked for in a file that %s', async (_, spoil) => {
    expect(await strip('jpeg', spoil(await makeJpeg()))).toBeUndefined()
  })
})

function insertSegment(jpeg: Buffer, segment: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
}

/** A JFIF header: version, no density, the size of its thumbnail. */
function makeJfif(width = 0, height = 0): Buffer {
  const thumbnail = Buffer.alloc(width * height * 3, secret)
  const head = Buffer.from([0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, width, height])
  return makeSegment(0xe0, Buffer.concat([head, thumbnail]))
}

describe('the pixels of a PNG', () => {
  const kinds: [string, () => Promise<Buffer>][] = [
    ['plain', async () => makePng(large)],
    ['interlaced', async () => drawNoise(large).png({ progressive: true }).toBuffer()],
    ['transparent', async () => makePng({ ...large, alpha: true })],
    ['with a palette', async () => drawNoise({ alpha: true }).png({ palette: true }).toBuffer()],
  ]
  it.each(kinds)('are found among all that others write into it: %s', async (_, make) => {
    const png = await make()
    const burdened = await burdenPng(png)
    expect(burdened.includes(secret)).toBe(true)
    const stripped = (await strip('png', burdened)) as Buffer
    expect(stripped).toEqual(dropChunks(png, ['pHYs']))
    expect(await pixelsOf(stripped)).toBe(await pixelsOf(png))
  })

  it.each([1, 2, 3, 7, 4096])('are found in pieces of %i bytes', async (size) => {
    const png = dropChunks(await makePng(), ['pHYs'])
    expect(await strip('png', await burdenPng(png), size)).toEqual(png)
  })

  it('keep what is said about their brightness, and no profile', async () => {
    const png = await drawNoise().withIccProfile('srgb').png().toBuffer()
    const tagged = insertChunk(png, 'sRGB', Buffer.from([0]))
    const stripped = (await strip('png', tagged)) as Buffer
    expect(listChunks(tagged)).toContain('iCCP')
    expect(new Set(listChunks(stripped))).toEqual(new Set(['IHDR', 'sRGB', 'IDAT', 'IEND']))
  })

  it.each<[string, (png: Buffer) => Buffer]>([
    ['is cut off', (png) => png.subarray(0, -4)],
    ['is empty', () => Buffer.alloc(0)],
    ['has another signature', (png) => Buffer.concat([Buffer.from('x'), png])],
    ['has a chunk that must be understood', (png) => insertChunk(png, 'CgBI', Buffer.alloc(4))],
    [
      'has a chunk without an end',
      (png) =>
        Buffer.concat([
          png.subarray(0, 33),
          Buffer.from('fffffff074455874', 'hex'),
          png.subarray(33),
        ]),
    ],
  ])('are not looked for in a file that %s', async (_, spoil) => {
    expect(await strip('png', spoil(await makePng()))).toBeUndefined()
  })
})
