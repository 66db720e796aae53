import sharp from 'sharp'
import { maxOutputPixels } from '../core/limits.ts'

/** What the header of an image says. */
export interface ImageHeader {
  /** pixels */
  width: number
  height: number
  hasAlpha: boolean
  /** EXIF orientation, 1 to 8; 1 where there is none. */
  orientation: number
  /** Frames of an animation; 1 for a still picture. */
  pages: number
}

/**
 * Reads an image's header. Nothing is decoded, so that a picture of any size may be asked.
 *
 * @throws sharp's error where the bytes are no image
 */
export async function readHeader(file: string): Promise<ImageHeader> {
  const { width, height, hasAlpha, orientation, pages } = await sharp(file, {
    limitInputPixels: false,
  }).metadata()
  return { width, height, hasAlpha, orientation: orientation ?? 1, pages: pages ?? 1 }
}

/**
 * Whether a picture lets something shine through. An alpha channel alone says nothing: many tools write one that is
 * full from edge to edge.
 *
 * @throws sharp's error where the bytes are damaged, or hold more pixels than the API ever returns
 */
export async function isTransparent(file: string): Promise<boolean> {
  const { isOpaque } = await sharp(file, { limitInputPixels: maxOutputPixels }).stats()
  return !isOpaque
}

/**
 * Decodes every pixel and keeps none: a header alone says nothing about a file that was cut off.
 *
 * @throws sharp's error where the bytes are damaged, or hold more pixels than the API ever returns
 */
export async function decodeFully(file: string): Promise<void> {
  // Shrinking streams the pixels through without holding the picture; shrink-on-load would skip most of them.
  await sharp(file, { failOn: 'error', limitInputPixels: maxOutputPixels })
    .resize(8, 8, { fit: 'fill', fastShrinkOnLoad: false })
    .raw()
    .toBuffer()
}
