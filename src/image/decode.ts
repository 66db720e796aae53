import sharp from 'sharp'
import { maxOutputPixels, maxSourcePixels } from '../core/limits.ts'
import { limitDecoding } from './decode-limit.ts'
import { isSrgbProfile } from './icc.ts'

/** What the header of an image says. */
export interface ImageHeader {
  /** pixels */
  width: number
  height: number
  hasAlpha: boolean
  /** EXIF orientation, 1 to 8; 1 where there is none. */
  orientation: number
  /** Frames of an animation, or pages of a document; 1 for a still picture. */
  pages: number
  /** Whether the pixels are stored as red, green and blue, with or without alpha, of 8 bit each: no palette, no grey. */
  isRgb8: boolean
  /** What the pixels' numbers mean: `foreign` is any profile that does not say that it is sRGB. */
  profile: 'none' | 'srgb' | 'foreign'
  /** libvips' name of the colour space as it is stored: `srgb`, `rgb16`, `b-w`, `grey16`, `cmyk`, … */
  space: string
}

/**
 * Reads an image's header. Nothing is decoded, so that a picture of any size may be asked.
 *
 * @throws sharp's error where the bytes are no image
 */
export async function readHeader(file: string): Promise<ImageHeader> {
  const header = await sharp(file, { limitInputPixels: false }).metadata()
  const { width, height, hasAlpha, orientation, pages, space, channels, depth } = header
  const isPalette = header.isPalette
  return {
    width,
    height,
    hasAlpha,
    orientation: orientation ?? 1,
    pages: pages ?? 1,
    isRgb8: space === 'srgb' && depth === 'uchar' && channels === (hasAlpha ? 4 : 3) && !isPalette,
    profile: findProfile(header.icc),
    space,
  }
}

function findProfile(icc: Buffer | undefined): ImageHeader['profile'] {
  if (!icc) return 'none'
  return isSrgbProfile(icc) ? 'srgb' : 'foreign'
}

/**
 * Whether a picture lets something shine through. An alpha channel alone says nothing: many tools write one that is
 * full from edge to edge.
 *
 * @throws sharp's error where the bytes are damaged, or hold more pixels than a source may
 */
export async function isTransparent(file: string): Promise<boolean> {
  const input = sharp(file, { limitInputPixels: maxSourcePixels })
  const { isOpaque } = await limitDecoding(async () => input.stats())
  return !isOpaque
}

/**
 * Decodes every pixel and keeps none: a header alone says nothing about a file that was cut off.
 *
 * @throws sharp's error where the bytes are damaged, or hold more pixels than the API ever returns
 */
export async function decodeFully(file: string): Promise<void> {
  // Shrinking streams the pixels through without holding the picture; shrink-on-load would skip most of them.
  const image = sharp(file, { failOn: 'error', limitInputPixels: maxOutputPixels })
    .resize(8, 8, { fit: 'fill', fastShrinkOnLoad: false })
    .raw()
  await limitDecoding(async () => image.toBuffer())
}
