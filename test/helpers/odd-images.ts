import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { drawNoise } from './images.ts'

/** A picture of one colour: large ones are made and decoded fast. */
export function drawPlain(width: number, height: number, background = '#c33'): Sharp {
  return sharp({ create: { width, height, channels: 3, background } })
}

/**
 * A JPEG whose stored pixels are red on the left half and blue on the right one, with an EXIF orientation.
 *
 * @param orientation 1 to 8; with 6 it is shown with the red half on top
 */
export async function makeTurnedJpeg(
  width: number,
  height: number,
  orientation: number,
): Promise<Buffer> {
  const red = await drawPlain(width / 2, height, '#f00')
    .png()
    .toBuffer()
  return drawPlain(width, height, '#00f')
    .composite([{ input: red, left: 0, top: 0 }])
    .withMetadata({ orientation })
    .jpeg()
    .toBuffer()
}

/** A WebP of two frames. */
export async function makeAnimatedWebp(): Promise<Buffer> {
  const frames = await Promise.all([1, 2].map(async (seed) => drawNoise({ seed }).png().toBuffer()))
  return sharp(frames, { join: { animated: true } })
    .webp()
    .toBuffer()
}

/** A GIF of two frames. */
export async function makeAnimatedGif(): Promise<Buffer> {
  return sharp(await makeAnimatedWebp(), { animated: true })
    .gif()
    .toBuffer()
}

/** An AVIF that says by its brand that it is a sequence; libvips reads its first picture. */
export async function makeAvifSequence(): Promise<Buffer> {
  const avif = await drawNoise().avif().toBuffer()
  avif.write('avis', 8, 'latin1')
  return avif
}

/** A TIFF of two pages, each of one pixel: little-endian, uncompressed, grey. */
export function makeTiffOfPages(): Buffer {
  const entries = (pixel: number): [tag: number, value: number][] => [
    [256, 1], // width
    [257, 1], // height
    [258, 8], // bits
    [259, 1], // no compression
    [262, 1], // black is zero
    [273, pixel], // where the pixels are
    [277, 1], // samples
    [278, 1], // rows
    [279, 1], // bytes
  ]
  const pageSize = 2 + 9 * 12 + 4
  const tiff = Buffer.alloc(10 + pageSize * 2)
  tiff.write('II*\0', 0, 'latin1')
  tiff.writeUInt32LE(10, 4)
  for (const [index, next] of [10 + pageSize, 0].entries()) {
    const start = 10 + index * pageSize
    tiff.writeUInt16LE(9, start)
    for (const [place, [tag, value]] of entries(8).entries()) {
      const at = start + 2 + place * 12
      tiff.writeUInt16LE(tag, at)
      tiff.writeUInt16LE(4, at + 2) // of 32 bit
      tiff.writeUInt32LE(1, at + 4) // one value
      tiff.writeUInt32LE(value, at + 8)
    }
    tiff.writeUInt32LE(next, start + pageSize - 4)
  }
  return tiff
}

/** A BMP of two pixels. */
export function makeBmp(): Buffer {
  const bmp = Buffer.alloc(54 + 8)
  bmp.write('BM', 0, 'latin1')
  bmp.writeUInt32LE(bmp.length, 2)
  bmp.writeUInt32LE(54, 10)
  bmp.writeUInt32LE(40, 14)
  bmp.writeInt32LE(2, 18)
  bmp.writeInt32LE(1, 22)
  bmp.writeUInt16LE(1, 26)
  bmp.writeUInt16LE(24, 28)
  return bmp
}

/** What a HEIC begins with; no picture follows. */
export function makeHeicHeader(): Buffer {
  return Buffer.concat([
    Buffer.from('000000186674797068656963000000006d69663168656963', 'hex'),
    Buffer.alloc(2000),
  ])
}

/** What the metadata of test pictures says, under whichever name: no byte of it may leave the machine. */
export const secret = 'SECRET-of-somebody'

/** EXIF with a text, a place, and a thumbnail's worth of bytes. */
export async function makeExif(orientation = 1): Promise<Buffer> {
  const jpeg = await drawPlain(8, 8)
    .withExif({
      IFD0: {
        Artist: secret,
        Orientation: String(orientation),
        ImageDescription: secret.repeat(200),
      },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
    })
    .jpeg()
    .toBuffer()
  const { exif } = await sharp(jpeg).metadata()
  if (!exif) throw new Error('No EXIF was written.')
  return exif
}

/** A segment of a JPEG. */
export function makeSegment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(data.length + 2, 2)
  return Buffer.concat([head, data])
}

/**
 * The same JPEG with everything in it that programs write beside the picture: EXIF, XMP, a profile, IPTC, a comment, and
 * another picture after its end. The pixels stay as they are.
 */
export async function burdenJpeg(jpeg: Buffer): Promise<Buffer> {
  const named = (name: string): Buffer => Buffer.from(`${name}\0${secret}`, 'latin1')
  return Buffer.concat([
    jpeg.subarray(0, 2),
    makeSegment(0xe0, Buffer.concat([Buffer.from('JFXX\0\x10'), Buffer.from(secret)])),
    makeSegment(0xe1, await makeExif()),
    makeSegment(0xe1, named('http://ns.adobe.com/xap/1.0/')),
    makeSegment(0xe2, named('MPF')),
    makeSegment(0xed, named('Photoshop 3.0')),
    makeSegment(0xef, named('Odd')),
    makeSegment(0xfe, Buffer.from(secret)),
    jpeg.subarray(2),
    Buffer.from(secret),
    jpeg,
  ])
}

/** The same PNG with everything in it that programs write beside the picture. */
export async function burdenPng(png: Buffer): Promise<Buffer> {
  const texts: [string, Buffer][] = [
    ['tEXt', Buffer.from(`Author\0${secret}`)],
    ['iTXt', Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${secret}`)],
    ['zTXt', Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(secret)])],
    ['eXIf', (await makeExif()).subarray(6)],
    ['tIME', Buffer.from([7, 230, 1, 1, 1, 1, 1])],
    ['prVt', Buffer.from(secret)],
  ]
  const burdened = texts.reduce((bytes, [type, data]) => insertChunk(bytes, type, data), png)
  return Buffer.concat([burdened, Buffer.from(secret)])
}

/** A PNG with the chunk before its pixels that says: this is an animation. */
export function makeApng(png: Buffer): Buffer {
  const animationControl = Buffer.alloc(8)
  animationControl.writeUInt32BE(2, 0) // frames
  return insertChunk(png, 'acTL', animationControl)
}

/** The same PNG with another chunk right after its header. */
export function insertChunk(png: Buffer, type: string, data: Uint8Array): Buffer {
  const afterHeader = 8 + 25
  return Buffer.concat([
    png.subarray(0, afterHeader),
    makeChunk(type, data),
    png.subarray(afterHeader),
  ])
}

/** A whole, black, one-bit PNG: a few kilobytes that decode to as many pixels as one likes. */
export function makeBombPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.writeUInt8(1, 8) // bit depth; what follows are zeros: grey, deflate, no interlace
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    makeChunk('IHDR', header),
    makeChunk('IDAT', deflateSync(rows, { level: 9 })),
    makeChunk('IEND', Buffer.alloc(0)),
  ])
}

function makeChunk(type: string, data: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, checksum])
}

/** The channels of one pixel, 0 to 255. */
export async function readPixel(
  image: Buffer | string,
  left: number,
  top: number,
): Promise<number[]> {
  return [...(await sharp(image).extract({ left, top, width: 1, height: 1 }).raw().toBuffer())]
}
