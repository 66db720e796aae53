import type { Format } from './formats.ts'
import { scales } from './params.ts'
import type { Scale } from './params.ts'

/** "The resulted image can't exceed maximum allowed size of 25.3 million pixels", says the API's document. */
export const maxOutputPixels = 25_300_000

/** What is decoded of a source at most, pixels: one that is sent smaller than it is may be four times what the API returns. */
export const maxSourcePixels: number = maxOutputPixels * 4

/** Four bytes a pixel are a picture that does not compress; a file of more than twice that holds something else. */
export const maxResultBytes: number = maxOutputPixels * 8

/** The longest side that each format can hold, pixels; its own limit, or that of the encoder. */
export const longestSide: Readonly<Record<Format, number>> = {
  png: Number.POSITIVE_INFINITY,
  jpeg: 65_500,
  webp: 16_383,
  avif: 16_384,
}

/** Whether an upscale of a picture can be had from the API and shipped in a format. */
export function fitsLimits(width: number, height: number, scale: number, format: Format): boolean {
  return (
    width * height * scale ** 2 <= maxOutputPixels &&
    Math.max(width, height) * scale <= longestSide[format]
  )
}

/**
 * The largest scale whose output can be had from the API and shipped in a format.
 *
 * @param width of the source, pixels
 * @param height of the source, pixels
 * @returns `undefined` where even 2x is too much
 */
export function findLargestScale(
  width: number,
  height: number,
  format: Format = 'png',
): Scale | undefined {
  return scales.findLast((scale) => fitsLimits(width, height, Number.parseInt(scale, 10), format))
}

/**
 * The largest size of a picture's shape whose output can be had from the API.
 *
 * @param width of the source, pixels
 * @param height of the source, pixels
 * @param scale 2, 4, 8 or 16
 * @returns pixels, at least 1; the picture's own size where that fits
 */
export function shrinkToFit(
  width: number,
  height: number,
  scale: number,
): { width: number; height: number } {
  const most = Math.floor(maxOutputPixels / scale ** 2)
  if (width * height <= most) return { width, height }
  const factor = Math.sqrt(most / (width * height))
  // A line is as high as it is: the other side has to give all.
  const shrink = (side: number, other: number): number => {
    const room = Math.floor(most / Math.max(1, Math.floor(other * factor)))
    return Math.max(1, Math.min(Math.floor(side * factor), room))
  }
  return { width: shrink(width, height), height: shrink(height, width) }
}
