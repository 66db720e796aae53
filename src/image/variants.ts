import {
  applyTransforms,
  builtins,
  format as formatTransform,
  generateTransforms,
} from 'imagetools-core'
import sharp from 'sharp'
import type { Sharp } from 'sharp'
import type { Directives } from '../core/directives.ts'
import { MagnificError } from '../core/errors.ts'
import { longestSide, maxOutputPixels, maxSourcePixels } from '../core/limits.ts'

/** A picture that was written. */
export interface WrittenImage {
  bytes: number
  /** pixels */
  width: number
  height: number
  /** What a srcset says of it where `basePixels` is given: `2x`. */
  density?: string | undefined
}

/** What a variant will be, as far as its directives tell. */
export type PlannedImage = Omit<WrittenImage, 'bytes'>

/** Smaller pictures, in pixels, are not tagged: the profile would outweigh them. */
const fewPixels = 1000

/**
 * Derives a variant, as imagetools does.
 *
 * @param file the result, or what stands in for it
 * @param target where the variant is written, an absolute path
 * @param metadataFrom the picture whose EXIF and XMP the variant takes over; without one it has none
 */
export async function renderVariant(
  file: string,
  directives: Directives,
  target: string,
  metadataFrom?: string,
): Promise<WrittenImage> {
  const input = sharp(file, { limitInputPixels: maxSourcePixels })
  const { image, width: w, height: h, density } = await transform(input, directives, () => {})
  // Nor do they have metadata, which would outweigh them as well.
  const isBare = metadataFrom === undefined || w * h <= fewPixels
  const output = isBare ? image : await layOn(metadataFrom, image, directives)
  const { size, width, height } = await output.toFile(target)
  return { bytes: size, width, height, density }
}

/**
 * Tells how large a variant will be, and whether it can be made, mostly without touching a pixel.
 *
 * @param size of what it is derived from, pixels
 * @throws MagnificError `BAD_QUERY`, `OUTPUT_TOO_LARGE`
 */
export async function planVariant(
  size: { width: number; height: number },
  directives: Directives,
): Promise<PlannedImage> {
  const blank = { ...size, channels: 4 as const, background: '#000' }
  let isReverted = false
  const onRevert = (): void => void (isReverted = true)
  let planned: PlannedImage
  try {
    planned = await measure(
      await transform(sharp({ create: blank }), directives, onRevert),
      directives,
    )
  } catch (error) {
    const reason = (error as Error).message.split('\n', 1)[0]
    throw new MagnificError(
      'BAD_QUERY',
      `The variant ${describe(directives)} cannot be made: ${reason}. Mend that directive.`,
      { cause: error },
    )
  }
  if (isReverted) throw largerError(size, directives)
  const { width, height } = planned
  const { format } = directives
  if (Math.min(width, height) < 1) {
    throw new MagnificError(
      'BAD_QUERY',
      `The variant ${describe(directives)} would be ${width}×${height}, which is nothing. Write a larger \`w\` or \`h\`, or a less extreme \`aspect\`.`,
    )
  }
  if (Math.max(width, height) > longestSide[format] || width * height > maxOutputPixels) {
    throw new MagnificError(
      'OUTPUT_TOO_LARGE',
      `The variant ${describe(directives)} would be ${width}×${height}, and a ${format.toUpperCase()} ends at ${longestSide[format]} pixels a side and ${maxOutputPixels / 1e6} megapixels. Make it smaller with \`w\` or \`h\`, or take another \`format\`.`,
    )
  }
  return planned
}

/** Builds the pipeline; nothing is decoded yet. */
async function transform(
  input: Sharp,
  directives: Directives,
  onRevert: () => void,
): Promise<PlannedImage & { image: Sharp }> {
  // In place of enlarging, imagetools goes back to the size that there is, and says so to its logger.
  const logger = { info: onRevert, warn: onRevert, error: onRevert }
  const asked = new URLSearchParams(directives)
  const { transforms } = generateTransforms(directives, builtins, asked, logger)
  const { image, metadata } = await applyTransforms(transforms, input)
  const { width, height } = metadata
  // Results come with an opaque alpha channel at times, and a JPEG has none.
  if (directives.format === 'jpeg' && !directives.flatten) image.flatten({ background: '#fff' })
  if (width * height > fewPixels) image.withIccProfile('srgb')
  return {
    image,
    width,
    height,
    density: metadata['pixelDensityDescriptor'],
  }
}

/**
 * imagetools counts before it rotates, and as if a shape could be had together with a fit that keeps the shape that there
 * is: what comes of these only libvips knows.
 */
async function measure(
  { image, ...planned }: PlannedImage & { image: Sharp },
  { rotate = '0', aspect, fit }: Directives,
): Promise<PlannedImage> {
  const isKept = aspect !== undefined && (fit === 'inside' || fit === 'outside')
  // A line within a square is a pixel high, and not none.
  const isLine = fit === 'inside' && Math.min(planned.width, planned.height) < 1
  if (Number(rotate) % 180 === 0 && !isKept && !isLine) return planned
  const { info } = await image.raw().toBuffer({ resolveWithObject: true })
  return { ...planned, width: info.width, height: info.height }
}

/** Covers a picture with another one, so that its metadata go along: libvips takes them from its input alone. */
async function layOn(below: string, image: Sharp, directives: Directives): Promise<Sharp> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const canvas = sharp(below, { limitInputPixels: false })
    .autoOrient()
    .keepExif()
    .keepXmp()
    .resize(width, height, { fit: 'fill', kernel: 'nearest' })
    .composite([{ input: data, raw: { width, height, channels }, blend: 'source' }])
  const asked = new URLSearchParams()
  const { transforms } = generateTransforms(directives, [formatTransform], asked)
  const { image: laid } = await applyTransforms(transforms, canvas)
  // What covers another picture gets an alpha channel for it.
  if (channels < 4) laid.removeAlpha()
  if (directives.format === 'jpeg') laid.flatten({ background: '#fff' })
  return laid.withIccProfile('srgb')
}

function largerError(
  { width, height }: { width: number; height: number },
  directives: Directives,
): MagnificError {
  return new MagnificError(
    'BAD_QUERY',
    `The variant ${describe(directives)} would be larger than the upscaled image, which is ${width}×${height}. ` +
      'Write a smaller `w` or `h`, or a larger scale; `allowUpscale` enlarges it here, and it looks like that.',
  )
}

/** `w=640&format=webp` */
function describe(directives: Directives): string {
  return decodeURIComponent(new URLSearchParams(directives).toString())
}
