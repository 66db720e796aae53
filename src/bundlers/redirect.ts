import { normalize } from 'node:path'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { Upscaler, Variant } from '../upscaler.ts'
import { locateError } from './host-error.ts'
import type { Mentions } from './mentions.ts'

/** A module that stands for an upscaled image in Vite and Rollup. */
export interface Redirect {
  code: string
  /** The original, which has to be watched. */
  file: string
}

/**
 * Answers an id with a small module that re-exports the file to ship, so that naming, inlining, base path and metadata
 * stay the host's own.
 *
 * @returns `undefined` where the id is no reference of ours
 * @throws MagnificError with what Vite and Rollup show of an error
 */
export async function redirect(
  id: string,
  upscaler: Upscaler,
  mentions: Mentions,
): Promise<Redirect | undefined> {
  // Ids that begin with NUL belong to other plugins.
  if (!referenceFilter.test(id) || id.startsWith('\0')) return undefined
  const { file, query } = splitReference(id)
  const mention = mentions.find(id)
  try {
    if (!isReference(query, upscaler.options.passthrough)) return undefined
    const source = normalize(file)
    const variant = await upscaler.upscale({ file: source, query, importer: mention?.importer })
    return { code: renderRedirect(variant), file: source }
  } catch (error) {
    throw locateError(error, id, mention)
  }
}

function renderRedirect({ file, hostQuery }: Variant): string {
  const path = file.replaceAll('\\', '/')
  return `export { default } from ${JSON.stringify(hostQuery ? `${path}?${hostQuery}` : path)}`
}
