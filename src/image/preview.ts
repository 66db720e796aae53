import sharp from 'sharp'
import type { JpegOptions, PngOptions, WebpOptions } from 'sharp'
import type { Format } from '../core/formats.ts'
import type { WrittenImage } from './variants.ts'

/**
 * Stands in for a result: the source, enlarged here to the size that the result will have. Made to be made quickly, since
 * a page may wait for it, and replaced when there is something better.
 *
 * @param size that of the result, pixels
 */
export async function renderPreview(
  source: { file: string; bytes: number; width: number; height: number },
  size: { width: number; height: number },
  format: Format,
  target: string,
): Promise<WrittenImage> {
  const scale = size.width / source.width
  const image = sharp(source.file, { limitInputPixels: false })
    .autoOrient()
    // Squares, blurred by as much as they are large: as smooth as interpolation, at half its cost.
    .resize(size.width, size.height, { fit: 'fill', kernel: 'nearest' })
    .blur({ sigma: Math.max(0.849, 0.35 * scale) })
    .toColourspace('srgb')
  if (format === 'jpeg') image.flatten({ background: '#fff' })
  const written = await image.toFormat(format, quickly(format, source)).toFile(target)
  return { bytes: written.size, width: written.width, height: written.height }
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
