import { normalize } from 'node:path'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { Reference, Upscaler, Variant } from '../upscaler.ts'

/** Reads an id of Vite or Rollup; `undefined` where it is no reference of ours. */
export function readReference(id: string, { options }: Upscaler): Reference | undefined {
  // Ids that begin with NUL belong to other plugins.
  if (!referenceFilter.test(id) || id.startsWith('\0')) return undefined
  const { file, query } = splitReference(id)
  return isReference(query, options.passthrough) ? { file: normalize(file), query } : undefined
}

/**
 * The code of a small module that re-exports the file to ship, so that naming, inlining, base path and metadata stay the
 * host's own.
 */
export function renderRedirect(variant: Variant): string {
  return `export { default } from ${JSON.stringify(toModuleId(variant))}`
}

/** What Vite and Rollup call the file to ship. */
export function toModuleId({ file, hostQuery }: Variant): string {
  const path = file.replaceAll('\\', '/')
  return hostQuery ? `${path}?${hostQuery}` : path
}
