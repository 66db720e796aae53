import sharp from 'sharp'
import { maxSourcePixels } from '../core/limits.ts'
import { limitDecoding } from './decode-limit.ts'

/** Side of a thumbnail, pixels. */
export const thumbnailSide = 24

/** Red, green, blue, alpha: bytes for each pixel. */
const channels = 4

/**
 * Shrinks a picture to what two pictures of one motif have in common whatever their size and format: every pixel is
 * decoded, turned upright, and squeezed into a square.
 *
 * @returns 24×24 pixels of sRGB and alpha, 8 bit each: 2304 bytes
 * @throws sharp's error where the bytes are damaged, or hold more pixels than a source may
 */
export async function renderThumbnail(file: string): Promise<Buffer> {
  const image = sharp(file, { failOn: 'error', limitInputPixels: maxSourcePixels })
    .autoOrient()
    .resize(thumbnailSide, thumbnailSide, { fit: 'fill', fastShrinkOnLoad: false })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
  return limitDecoding(async () => image.toBuffer())
}

/** Two pictures that are further apart than this are not of one motif, however much there is to see in them. */
const farthest = 10

/**
 * Whether a result shows the picture that it was to be made from. How near it has to be depends on how much there is to
 * see: flat pictures, and fine noise, look like each other when they are small, and are recognised by less or not at all.
 * The API may lay transparent pixels on black or on white, so both are compared on either ground.
 *
 * @param source from `renderThumbnail`
 * @param result from `renderThumbnail`
 * @throws RangeError where one of them is no thumbnail: a short one must never pass for alike
 */
export function isAlike(source: Buffer, result: Buffer): boolean {
  checkThumbnail(source)
  checkThumbnail(result)
  return [0, 255].some((ground) => {
    const contrast = measureContrast(flatten(source, ground))
    return contrast >= 0.5 && compareOn(ground, source, result) <= Math.min(contrast / 2, farthest)
  })
}

/** Mean absolute deviation of the colour channels from their own means. */
function measureContrast(colours: Float64Array): number {
  const count = channels - 1
  const means = [0, 1, 2].map((channel) => {
    const values = colours.filter((_, index) => index % count === channel)
    return values.reduce((sum, value) => sum + value, 0) / values.length
  })
  const deviation = colours.reduce(
    (sum, value, index) => sum + Math.abs(value - (means[index % count] ?? 0)),
    0,
  )
  return deviation / colours.length
}

/** Mean absolute difference of a colour channel, 0 to 255, where both lie on a grey ground. */
function compareOn(ground: number, a: Buffer, b: Buffer): number {
  const flatA = flatten(a, ground)
  const flatB = flatten(b, ground)
  const sum = flatA.reduce(
    (total, value, index) => total + Math.abs(value - (flatB[index] ?? 0)),
    0,
  )
  return sum / flatA.length
}

/** The three colours of every pixel as they look on a grey ground, 0 to 255 and not rounded. */
function flatten(thumbnail: Buffer, ground: number): Float64Array {
  const colours = channels - 1
  return Float64Array.from({ length: thumbnailSide ** 2 * colours }, (_, index) => {
    const pixel = Math.floor(index / colours) * channels
    const colour = thumbnail[pixel + (index % colours)] ?? 0
    const opacity = (thumbnail[pixel + colours] ?? 0) / 255
    return colour * opacity + ground * (1 - opacity)
  })
}

function checkThumbnail({ length }: Buffer): void {
  const expected = thumbnailSide ** 2 * channels
  if (length !== expected) {
    throw new RangeError(`A thumbnail has ${expected} bytes, and this one has ${length}.`)
  }
}
