import sharp from 'sharp'
import type { Sharp } from 'sharp'
import type { Directives } from '../core/formats.ts'
import { maxOutputPixels } from '../core/limits.ts'

/** A picture that was written. */
export interface WrittenImage {
  bytes: number
  /** pixels */
  width: number
  height: number
}

/** Encodes a picture anew as the directives say. */
export async function convertImage(
  file: string,
  directives: Directives,
  target: string,
): Promise<WrittenImage> {
  return writeImage(sharp(file, { limitInputPixels: maxOutputPixels }), directives, target)
}

/**
 * Stands in for a result: the source, enlarged here to the size that the result will have.
 *
 * @param scale 2, 4, 8 or 16
 */
export async function renderPreview(
  source: { file: string; width: number; height: number },
  scale: number,
  directives: Directives,
  target: string,
): Promise<WrittenImage> {
  const image = sharp(source.file, { limitInputPixels: maxOutputPixels })
    .autoOrient()
    .resize(source.width * scale, source.height * scale, { fit: 'fill' })
  return writeImage(image, directives, target)
}

async function writeImage(
  image: Sharp,
  { format, quality }: Directives,
  target: string,
): Promise<WrittenImage> {
  // Results come with an opaque alpha channel at times, and a JPEG has none.
  const flat = format === 'jpeg' ? image.flatten({ background: '#fff' }) : image
  const { size, width, height } = await flat
    .toFormat(format, quality === undefined ? {} : { quality })
    .toFile(target)
  return { bytes: size, width, height }
}
