import { normalize } from 'node:path'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { Reference } from '../shipment.ts'
import type { Upscaler } from '../upscaler.ts'

/** Reads an id of Vite or Rollup; `undefined` where it is no reference of ours. */
export function readReference(id: string, { options }: Upscaler): Reference | undefined {
  // Ids that begin with NUL belong to other plugins.
  if (!referenceFilter.test(id) || id.startsWith('\0')) return undefined
  const { file, query } = splitReference(id)
  return isReference(query, options.passthrough) ? { file: normalize(file), query } : undefined
}

/** What Vite and Rollup call a file to ship. */
export function toModuleId(file: string, hostQuery: string): string {
  const path = file.replaceAll('\\', '/')
  return hostQuery ? `${path}?${hostQuery}` : path
}

/** Whether a URL asks for us, and may be a file of this project. */
export function isOwnUrl(url: string, { upscaler }: { upscaler: Upscaler }): boolean {
  return !isElsewhere(url) && isReference(splitReference(url).query, upscaler.options.passthrough)
}

/** A URL that names a host, or a place on the page itself. */
export function isElsewhere(url: string): boolean {
  return /^(?:[a-z][\w+.-]*:|\/\/|#)/i.test(url)
}
