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
