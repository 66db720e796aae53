import { stat } from 'node:fs/promises'
import { MagnificError } from '../core/errors.ts'
import { findLargestScale, maxOutputPixels, maxSourcePixels, shrinkToFit } from '../core/limits.ts'
import type { TooLargePolicy } from '../core/options.ts'
import { isAnimated } from './animation.ts'
import { isTransparent, readHeader } from './decode.ts'
import type { ImageHeader } from './decode.ts'
import { corrupt, isAccepted, refuseKind, refusePages, unreadable } from './refusals.ts'
import { sniffFile } from './sniff.ts'
import type { SniffedFormat } from './sniff.ts'
import { renderThumbnail } from './thumbnail.ts'

/** Sides in pixels. */
export interface Size {
  width: number
  height: number
}

/** What a source's header tells. */
export interface MeasuredImage
  extends Size, Pick<ImageHeader, 'hasAlpha' | 'orientation' | 'isRgb8' | 'profile' | 'space'> {
  file: string
  /** By its content, whatever its name says. */
  format: SniffedFormat
  bytes: number
  /** What is sent of it, as it is shown: smaller than the picture only where `onTooLarge` makes it so. */
  sent: Size
}

/** A source that was looked at and found good. Its width and height are as it is shown, with its EXIF orientation applied. */
export interface SourceImage extends MeasuredImage {
  /** Whether something shines through, and not just whether something might. */
  transparent: boolean
  /** The source as `renderThumbnail` makes it. */
  thumbnail: Buffer
}

/** What is done about what a source is. */
export interface InspectSettings {
  onTooLarge: TooLargePolicy
}

/**
 * Looks at a source's header, which takes no time: enough for what will be decoded anyway, and costs nothing.
 *
 * @param scale the enlargement that it is meant for: 2, 4, 8 or 16; 1 for none
 * @throws MagnificError `SOURCE_REFUSED`, `OUTPUT_TOO_LARGE`
 */
export async function measureSource(
  file: string,
  scale: number,
  { onTooLarge }: InspectSettings,
): Promise<MeasuredImage> {
  const format = await sniffFile(file)
  if (!isAccepted(format)) throw refuseKind(file, format)
  if (await isAnimated(file, format)) throw refusePages(file, format)
  const header = await unlessDamaged(file, format, async () => readHeader(file))
  if (header.pages > 1) throw refusePages(file, format, header.pages)
  const { orientation, hasAlpha, isRgb8, profile, space } = header
  const turned = orientation >= 5
  const shown: Size = {
    width: turned ? header.height : header.width,
    height: turned ? header.width : header.height,
  }
  return {
    file,
    format,
    bytes: (await stat(file)).size,
    ...shown,
    sent: findSentSize(file, shown, scale, onTooLarge),
    orientation,
    hasAlpha,
    isRgb8,
    profile,
    space,
  }
}

/**
 * Looks at a source, and decodes every pixel of it, before anything is spent on it.
 *
 * @param scale the enlargement that it is meant for: 2, 4, 8 or 16
 * @throws MagnificError `SOURCE_REFUSED`, `OUTPUT_TOO_LARGE`
 */
export async function inspectSource(
  file: string,
  scale: number,
  settings: InspectSettings,
): Promise<SourceImage> {
  const measured = await measureSource(file, scale, settings)
  // A header alone says nothing about a file that was cut off: this decodes every pixel.
  return unlessDamaged(file, measured.format, async () => ({
    ...measured,
    thumbnail: await renderThumbnail(file),
    transparent: measured.hasAlpha && (await isTransparent(file)),
  }))
}

/**
 * What is odd about a source without being wrong: a known client of the API refuses such pictures, the API itself
 * documents no such limit.
 *
 * @returns a sentence, or `undefined` where nothing is odd
 */
export function findOddity({ sent }: Pick<SourceImage, 'sent'>): string | undefined {
  const { width, height } = sent
  if (Math.min(width, height) < 160) {
    return `is ${width}×${height}; the upscaler may refuse sides under 160 pixels`
  }
  if (Math.max(width / height, height / width) > 3) {
    return `is ${width}×${height}; the upscaler may refuse shapes beyond 3:1`
  }
  return undefined
}

/**
 * What it means that a source is sent smaller than it is.
 *
 * @param scale 2, 4, 8 or 16
 * @returns a sentence, or `undefined` where it is sent in its own size
 */
export function describeDownscale(
  { width, height, sent }: Pick<SourceImage, 'width' | 'height' | 'sent'>,
  scale: number,
): string | undefined {
  if (sent.width === width && sent.height === height) return undefined
  const result = `${sent.width * scale}×${sent.height * scale}`
  const gain =
    sent.width * scale > width
      ? ''
      : ', which is no larger than the image itself: take a smaller scale, or leave `?magnific` out'
  return `is ${width}×${height}, which is too large for ${scale}x; it is sent as ${sent.width}×${sent.height}, and its upscale will be ${result}${gain}`
}

async function unlessDamaged<T>(
  file: string,
  format: SniffedFormat,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw unreadable(file, format, error) ?? corrupt(file, error)
  }
}

function findSentSize(
  file: string,
  { width, height }: Size,
  scale: number,
  onTooLarge: TooLargePolicy,
): Size {
  const pixels = width * height * scale ** 2
  if (pixels <= maxOutputPixels) return { width, height }
  const size = `${width}×${height}`
  if (onTooLarge === 'downscale') {
    if (width * height <= maxSourcePixels) return shrinkToFit(width, height, scale)
    throw new MagnificError(
      'OUTPUT_TOO_LARGE',
      `${size} are more than the ${maxSourcePixels / 1e6} megapixels that are read in order to be sent smaller. Reduce the image first.`,
      { file },
    )
  }
  const largest = findLargestScale(width, height)
  const way = largest
    ? `Write magnific=${largest}, the largest scale that fits`
    : `No scale fits: reduce the image first, to at most ${maxOutputPixels / 4e6} megapixels`
  throw new MagnificError(
    'OUTPUT_TOO_LARGE',
    `${size} at ${scale}x would be ${width * scale}×${height * scale}, ${(pixels / 1e6).toFixed(2)} megapixels; the API returns at most ${maxOutputPixels / 1e6}. ${way}. The option \`onTooLarge: 'downscale'\` sends it as large as fits.`,
    { file },
  )
}
