import { dirname, resolve } from 'node:path'
import { MagnificError, placeError } from '../../core/errors.ts'
import { checkSingle } from '../../core/single-request.ts'
import { makeOf } from './made.ts'
import type { Worker } from './worker.ts'

/** Whether a source is a style sheet. */
export function isStyle(file: string): boolean {
  return /\.(?:css|s[ac]ss)$/.test(file)
}

/**
 * Refuses references of a style sheet that Turbopack leaves as they are, or has no URL for.
 *
 * @param file an absolute path
 * @throws MagnificError `BAD_QUERY`, `UNSUPPORTED_REFERENCE`
 */
export async function checkStyle(
  file: string,
  source: string,
  { upscaler }: Pick<Worker, 'upscaler'>,
): Promise<void> {
  const { readSource } = await import('../../scan/read-source.ts')
  const { passthrough } = upscaler.options
  const { references } = readSource(file, source, { passthrough, wantsImports: false })
  const sets = [...source.replaceAll(/\/\*.*?\*\//gs, '').matchAll(/image-set\([^;{}]*/gi)]
  for (const { specifier, query } of references) {
    const image = resolve(dirname(file), specifier.slice(0, -query.length - 1))
    try {
      if (sets.some(([set]) => set.includes(specifier))) throw imageSetError(specifier)
      const request = upscaler.parse({ file: image, query })
      checkSingle(request)
      if (makeOf(image, request) === 'script') throw moduleError(specifier)
    } catch (error) {
      throw placeError(error, { file: image, importer: file })
    }
  }
}

function imageSetError(specifier: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${specifier}" stands in image-set(), which Turbopack leaves as it is: there would be no such file. Write url() by itself, or build with \`next build --webpack\`.`,
  )
}

function moduleError(specifier: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${specifier}" gives what Turbopack has no URL for in a style sheet. Write another format, format=webp, and no \`as\`.`,
  )
}
