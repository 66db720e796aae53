import { MagnificError } from '../core/errors.ts'
import type { SniffedFormat } from './sniff.ts'

type Refused = 'empty' | 'svg' | 'html' | 'lfs' | 'unknown'

/** What can be upscaled, if it can be read. */
export type Accepted = Exclude<SniffedFormat, Refused>

/** Whether a file is a picture of pixels. */
export function isAccepted(format: SniffedFormat): format is Accepted {
  return !Object.hasOwn(whyNot, format)
}

const convert = 'Convert it to PNG, JPEG or WebP.'
const whyNot: Record<Refused, string> = {
  empty: 'It is empty. Restore the picture, or take the reference out.',
  svg: 'It is an SVG, which is sharp at any size. Leave `?magnific` out.',
  html: 'It is an HTML page, not a picture. Perhaps it was downloaded from a page that wanted a login.',
  lfs: 'It is a pointer of Git LFS, and the picture is elsewhere. Run `git lfs pull`.',
  unknown: `It is no picture that is known here. ${convert}`,
}

/** A file that is no picture of pixels. */
export function refuseKind(file: string, format: Refused): MagnificError {
  return refusal(file, whyNot[format])
}

/**
 * A file that holds more than one picture.
 *
 * @param pages how many, where that is known
 */
export function refusePages(file: string, format: Accepted, pages?: number): MagnificError {
  if (format === 'tiff' || format === 'heif') {
    const count = pages === undefined ? 'several' : String(pages)
    return refusal(
      file,
      `It holds ${count} pictures, and the upscaler takes one. Save the one that you want as a PNG.`,
    )
  }
  return refusal(
    file,
    'It is animated, and the upscaler takes still pictures. Export one frame as a PNG.',
  )
}

/**
 * A picture of a kind that not every libvips can read.
 *
 * @returns `undefined` where the kind is no reason
 */
export function unreadable(
  file: string,
  format: SniffedFormat,
  cause: unknown,
): MagnificError | undefined {
  const why = {
    bmp: 'It is a BMP, which the installed sharp does not read.',
    heif: 'It is a HEIF (HEIC), which the installed sharp does not read: it comes with AVIF, and without HEVC.',
  }
  if (format !== 'bmp' && format !== 'heif') return undefined
  return refusal(file, `${why[format]} ${convert}`, cause)
}

/** A picture that does not decode. */
export function corrupt(file: string, cause: unknown): MagnificError {
  const reason = (cause as Error).message.split('\n', 1)[0]
  return refusal(file, `It is damaged: ${reason}. Restore it from where it came from.`, cause)
}

function refusal(file: string, why: string, cause?: unknown): MagnificError {
  return new MagnificError('SOURCE_REFUSED', `The image cannot be upscaled. ${why}`, {
    file,
    cause,
  })
}
