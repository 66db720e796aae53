import { constants, copyFile, open, stat } from 'node:fs/promises'
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

/**
 * Derives a variant from a result. One that has the right format already is copied to the letter, and shares its
 * blocks with the original where the file system can.
 *
 * @param result the paid bytes, which stay as they are
 */
export async function renderVariant(
  result: { file: string; format: string; width: number; height: number },
  directives: Directives,
  target: string,
): Promise<WrittenImage> {
  if (result.format === directives.format) {
    await copyFile(result.file, target, constants.COPYFILE_FICLONE)
    await syncFile(target)
    return { bytes: (await stat(target)).size, width: result.width, height: result.height }
  }
  return writeImage(sharp(result.file, { limitInputPixels: maxOutputPixels }), directives, target)
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
  await syncFile(target)
  return { bytes: size, width, height }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
