import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { dropChunks } from './png-chunks.js'

/** How a test picture is made. */
export interface PictureSettings {
  /** pixels */
  width?: number
  height?: number
  /** Another seed is another picture. */
  seed?: number
  /** Adds an alpha channel with every value in it. */
  alpha?: boolean
}

/**
 * A picture of noise: it does not compress, so that it is too large to be inlined, and no two seeds are alike.
 * The same settings give the same bytes.
 */
export function drawNoise({
  width = 60,
  height = 40,
  seed = 1,
  alpha = false,
}: PictureSettings = {}): Sharp {
  const channels = alpha ? 4 : 3
  const pixels = Buffer.alloc(width * height * channels)
  // A linear congruential generator: any will do, as long as it is the same everywhere.
  let state = seed * 2_654_435_761
  for (let index = 0; index < pixels.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    pixels[index] = state >>> 24
  }
  return sharp(pixels, { raw: { width, height, channels } })
}

/** A noise picture as a file's bytes: nothing but its pixels, so that all of it is sent. */
export async function makePng(settings?: PictureSettings): Promise<Buffer> {
  return dropChunks(await drawNoise(settings).png().toBuffer(), ['pHYs'])
}

/** A noise picture as a file's bytes. */
export async function makeJpeg(settings?: PictureSettings): Promise<Buffer> {
  return drawNoise(settings).jpeg({ quality: 95 }).toBuffer()
}

/** A noise picture as a file's bytes. */
export async function makeWebp(settings?: PictureSettings): Promise<Buffer> {
  return drawNoise(settings).webp({ quality: 95 }).toBuffer()
}

/** Format and size of a picture's bytes. */
export async function describeImage(
  bytes: Buffer,
): Promise<{ format: string; width: number; height: number }> {
  const { format, width, height } = await sharp(bytes).metadata()
  return { format, width, height }
}
