import { basename } from 'node:path'
import { MagnificError } from './errors.ts'

/** The raster formats that can be shipped. */
export const formats = ['png', 'jpeg', 'webp', 'avif'] as const

/** A raster format that can be shipped. */
export type Format = (typeof formats)[number]

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

/** What no browser shows, or only in 256 colours, ships as WebP: every browser shows that, transparency included. */
export const convertedFormat: Format = 'webp'

const convertedExtensions: readonly string[] = ['gif', 'tif', 'tiff', 'bmp', 'heic', 'heif']

/** Names of what is shipped as `convertedFormat`, where no format is asked for. */
export const convertedName: RegExp = new RegExp(`\\.(?:${convertedExtensions.join('|')})$`, 'i')

/** The extensions of what can be upscaled, in lower case. */
export const imageExtensions: readonly string[] = [
  ...Object.keys(formatOfExtension),
  ...convertedExtensions,
]

/**
 * The quality of a lossy format that a name asks for, and no directive: high, since the picture was paid for. A format that a
 * directive asks for has the encoder's own, as in imagetools.
 */
export const qualityOfFormat: Readonly<Record<Exclude<Format, 'png'>, number>> = {
  jpeg: 90,
  webp: 90,
  avif: 75,
}

/**
 * What a file's name promises to whoever loads it: hosts keep the extension, and servers derive the content
 * type from it, so what is shipped under `hero.jpg` is a JPEG whatever the API answered.
 *
 * @throws MagnificError `SOURCE_REFUSED` for an extension that names no format that can be shipped
 */
export function formatOfName(file: string): Format {
  const extension = extensionOf(file)
  if (convertedExtensions.includes(extension)) return convertedFormat
  const format = Object.hasOwn(formatOfExtension, extension)
    ? formatOfExtension[extension]
    : undefined
  if (format) return format
  throw new MagnificError(
    'SOURCE_REFUSED',
    `${extension ? `".${extension}" names` : 'A name without an extension names'} no format that an upscaled image can be shipped in. ` +
      `Give the image one of these extensions: ${imageExtensions.join(', ')}; or write the format into the query, format=webp.`,
    { file },
  )
}

/** The name of a variant: the source's, with the extension of what it holds. Hosts derive the names they emit from it. */
export function nameVariant(file: string, format: Format): string {
  // Hosts cut ids at these characters.
  const name = basename(file).replaceAll(/[?#%\0]/g, '_')
  if (formatOfExtension[extensionOf(name)] === format) return name
  const stem = name.replace(/(?!^)\.[^.]*$/, '')
  return `${stem}.${format === 'jpeg' ? 'jpg' : format}`
}

function extensionOf(file: string): string {
  return /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? ''
}
