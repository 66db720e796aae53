import { scales } from './params.ts'
import type { Scale } from './params.ts'

/** "The resulted image can't exceed maximum allowed size of 25.3 million pixels", says the API's document. */
export const maxOutputPixels = 25_300_000

/**
 * The largest scale whose output the API accepts.
 *
 * @param width of the source, pixels
 * @param height of the source, pixels
 * @returns `undefined` where even 2x is too much
 */
export function findLargestScale(width: number, height: number): Scale | undefined {
  return scales.findLast(
    (scale) => width * height * Number.parseInt(scale, 10) ** 2 <= maxOutputPixels,
  )
}
