import sharp from 'sharp'
import type { JpegOptions, PngOptions, Sharp, WebpOptions } from 'sharp'
import type { Directives, Format } from '../core/formats.ts'
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
 * Stands in for a result: the source, enlarged here to the size that the result will have. Made to be made quickly, since
 * a page may wait for it, and replaced when there is something better.
 *
 * @param scale 2, 4, 8 or 16
 */
export async function renderPreview(
  source: { file: string; bytes: number; width: number; height: number },
  scale: number,
  { format }: Directives,
  target: string,
): Promise<WrittenImage> {
  const image = sharp(source.file, { limitInputPixels: maxOutputPixels })
    .autoOrient()
    // Squares, blurred by as much as they are large: as smooth as interpolation, at half its cost.
    .resize(source.width * scale, source.height * scale, { fit: 'fill', kernel: 'nearest' })
    .blur({ sigma: Math.max(0.849, 0.35 * scale) })
  return writeFile(flattenFor(format, image).toFormat(format, quickly(format, source)), target)
}

/** How each format is written in the least time. */
function quickly(
  format: Format,
  { bytes, width, height }: { bytes: number; width: number; height: number },
): PngOptions & JpegOptions & WebpOptions {
  switch (format) {
    case 'png':
      // A photograph takes as much room whatever is tried; line art nearly none.
      return { compressionLevel: bytes > width * height ? 0 : 1, adaptiveFiltering: false }
    case 'jpeg':
      return { quality: 75, optimiseCoding: false }
    case 'webp':
    case 'avif':
      return { quality: 75, effort: 0 }
  }
}

async function writeImage(
  image: Sharp,
  { format, quality }: Directives,
  target: string,
): Promise<WrittenImage> {
  const options = quality === undefined ? {} : { quality }
  return writeFile(flattenFor(format, image).toFormat(format, options), target)
}

/** Results come with an opaque alpha channel at times, and a JPEG has none. */
function flattenFor(format: Format, image: Sharp): Sharp {
  return format === 'jpeg' ? image.flatten({ background: '#fff' }) : image
}

async function writeFile(image: Sharp, target: string): Promise<WrittenImage> {
  const { size, width, height } = await image.toFile(target)
  return { bytes: size, width, height }
}
