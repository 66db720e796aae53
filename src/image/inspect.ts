import { stat } from 'node:fs/promises'
import { MagnificError } from '../core/errors.ts'
import type { Format } from '../core/formats.ts'
import { findLargestScale, fitsLimits, longestSide, maxOutputPixels } from '../core/limits.ts'
import { isAnimatedPng } from './animation.ts'
import { isTransparent, readHeader } from './decode.ts'
import type { ImageHeader } from './decode.ts'
import { sniffFile } from './sniff.ts'
import type { SniffedFormat } from './sniff.ts'
import { renderThumbnail } from './thumbnail.ts'

/** A source that was looked at and found good. */
export interface SourceImage {
  file: string
  bytes: number
  /** As the picture is shown, with its EXIF orientation applied; pixels. */
  width: number
  height: number
  /** EXIF orientation of the stored pixels, 1 to 8. */
  orientation: number
  /** Whether something shines through, and not just whether something might. */
  transparent: boolean
  /** What its result is recognised by: see `renderThumbnail`. */
  thumbnail: Buffer
}

/** What a source's header tells. */
export interface MeasuredImage extends Omit<SourceImage, 'transparent' | 'thumbnail'> {
  hasAlpha: boolean
}

/**
 * Looks at a source's header, which takes no time: enough for what will be decoded anyway, and costs nothing.
 *
 * @param scale the enlargement that it is meant for: 2, 4, 8 or 16
 * @param format the one that will be shipped
 * @throws MagnificError `SOURCE_REFUSED`, `OUTPUT_TOO_LARGE`
 */
export async function measureSource(
  file: string,
  scale: number,
  format: Format,
): Promise<MeasuredImage> {
  const sniffed = await sniffFile(file)
  if (!isAccepted(sniffed)) throw refusal(file, whyNot[sniffed])
  const header = await unlessDamaged(file, async () => readHeader(file))
  if (header.pages > 1 || (sniffed === 'png' && (await isAnimatedPng(file)))) {
    throw refusal(
      file,
      'It is animated, and the upscaler takes still pictures. Export one frame as a PNG.',
    )
  }
  checkOutput(file, header, scale, format)
  const mayBeTransparent = header.hasAlpha && format === 'jpeg'
  if (mayBeTransparent && (await unlessDamaged(file, async () => isTransparent(file)))) {
    throw refusal(
      file,
      'It has transparency, which a JPEG cannot show, and its name says JPEG. Rename it to what it is (.png or .webp).',
    )
  }
  const { orientation, hasAlpha } = header
  const turned = orientation >= 5
  return {
    file,
    bytes: (await stat(file)).size,
    width: turned ? header.height : header.width,
    height: turned ? header.width : header.height,
    orientation,
    hasAlpha,
  }
}

/**
 * Looks at a source, and decodes every pixel of it, before anything is spent on it.
 *
 * @param scale the enlargement that it is meant for: 2, 4, 8 or 16
 * @param format the one that will be shipped
 * @throws MagnificError `SOURCE_REFUSED`, `OUTPUT_TOO_LARGE`
 */
export async function inspectSource(
  file: string,
  scale: number,
  format: Format,
): Promise<SourceImage> {
  const { hasAlpha, ...measured } = await measureSource(file, scale, format)
  // A header alone says nothing about a file that was cut off: this decodes every pixel.
  return unlessDamaged(file, async () => ({
    ...measured,
    thumbnail: await renderThumbnail(file),
    transparent: hasAlpha && (await isTransparent(file)),
  }))
}

/**
 * What is odd about a source without being wrong: a known client of the API refuses such pictures, the API itself
 * documents no such limit.
 *
 * @returns a sentence, or `undefined` where nothing is odd
 */
export function findOddity({ width, height }: SourceImage): string | undefined {
  if (Math.min(width, height) < 160) {
    return `is ${width}×${height}; the upscaler may refuse sides under 160 pixels`
  }
  if (Math.max(width / height, height / width) > 3) {
    return `is ${width}×${height}; the upscaler may refuse shapes beyond 3:1`
  }
  return undefined
}

type Accepted = 'png' | 'jpeg' | 'webp'

function isAccepted(format: SniffedFormat): format is Accepted {
  return format === 'png' || format === 'jpeg' || format === 'webp'
}

const convert = 'Convert it to PNG, JPEG or WebP.'
const whyNot: Record<Exclude<SniffedFormat, Accepted>, string> = {
  empty: 'It is empty. Restore the picture, or take the reference out.',
  svg: 'It is an SVG, which is sharp at any size. Leave `?magnific` out.',
  gif: `It is a GIF, animated or not. ${convert}`,
  avif: `It is an AVIF, which this version does not send. ${convert}`,
  heif: `It is a HEIF, which this version does not send. ${convert}`,
  tiff: `It is a TIFF, which this version does not send. ${convert}`,
  bmp: `It is a BMP, which this version does not send. ${convert}`,
  html: 'It is an HTML page, not a picture. Perhaps it was downloaded from a page that wanted a login.',
  lfs: 'It is a pointer of Git LFS, and the picture is elsewhere. Run `git lfs pull`.',
  unknown: `It is no picture that is known here. ${convert}`,
}

async function unlessDamaged<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw corrupt(file, error)
  }
}

function checkOutput(
  file: string,
  { width, height }: ImageHeader,
  scale: number,
  format: Format,
): void {
  if (fitsLimits(width, height, scale, format)) return
  const pixels = width * height * scale ** 2
  const limit =
    pixels > maxOutputPixels
      ? `${(pixels / 1e6).toFixed(2)} megapixels; the API returns at most ${maxOutputPixels / 1e6}`
      : `and the sides of a ${format.toUpperCase()} end at ${longestSide[format]} pixels`
  const largest = findLargestScale(width, height, format)
  const way = largest
    ? `Write magnific=${largest}, the largest scale that fits.`
    : `No scale fits: reduce the image first, to at most ${maxOutputPixels / 4e6} megapixels${Number.isFinite(longestSide[format]) ? ` and ${Math.floor(longestSide[format] / 2)} pixels a side` : ''}.`
  throw new MagnificError(
    'OUTPUT_TOO_LARGE',
    `${width}×${height} at ${scale}x would be ${width * scale}×${height * scale}, ${limit}. ${way}`,
    { file },
  )
}

function corrupt(file: string, cause: unknown): MagnificError {
  const reason = (cause as Error).message.split('\n', 1)[0]
  return new MagnificError(
    'SOURCE_REFUSED',
    `The image cannot be upscaled. It is damaged: ${reason}. Restore it from where it came from.`,
    { file, cause },
  )
}

function refusal(file: string, why: string): MagnificError {
  return new MagnificError('SOURCE_REFUSED', `The image cannot be upscaled. ${why}`, { file })
}
