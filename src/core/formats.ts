import { MagnificError } from './errors.ts'

/** A raster format that can be shipped. */
export type Format = 'png' | 'jpeg' | 'webp' | 'avif'

/** How a variant is derived from a result. Free of charge, so none of it is part of the fingerprint. */
export interface Directives {
  format: Format
  /** 1 to 100; absent for PNG, which loses nothing. */
  quality?: number
}

const formatOfExtension: Record<string, Format> = {
  png: 'png',
  jpg: 'jpeg',
  jpeg: 'jpeg',
  jpe: 'jpeg',
  jfif: 'jpeg',
  pjpeg: 'jpeg',
  pjp: 'jpeg',
  webp: 'webp',
  avif: 'avif',
}

/** The extensions that an upscaled image can be shipped under, in lower case. */
export const shippableExtensions: readonly string[] = Object.keys(formatOfExtension)

/** The quality that each lossy format is shipped with: high, since the picture was paid for. */
const qualityOfFormat: Record<Exclude<Format, 'png'>, number> = { jpeg: 90, webp: 90, avif: 75 }

/**
 * What a file's name promises to whoever loads it: hosts keep the extension, and servers derive the content
 * type from it, so what is shipped under `hero.jpg` is a JPEG whatever the API answered.
 *
 * @throws MagnificError `SOURCE_REFUSED` for an extension that names no format that can be shipped
 */
export function directivesOfName(file: string): Directives {
  const extension = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? ''
  const format = Object.hasOwn(formatOfExtension, extension)
    ? formatOfExtension[extension]
    : undefined
  if (!format) {
    throw new MagnificError(
      'SOURCE_REFUSED',
      `${extension ? `".${extension}" names` : 'A name without an extension names'} no format that an upscaled image can be shipped in. ` +
        `Convert the image to PNG, JPEG or WebP and give it one of these extensions: ${shippableExtensions.join(', ')}.`,
      { file },
    )
  }
  return format === 'png' ? { format } : { format, quality: qualityOfFormat[format] }
}
