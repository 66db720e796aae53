import { join, normalize } from 'node:path'
import { MagnificError } from '../../../core/errors.ts'
import { isReference, referenceFilter, splitReference } from '../../../core/request.ts'

/** What a request for an image asks for. */
export interface ImageRequest {
  /** An absolute path, normal and decoded; nothing is known of the file. */
  file: string
  /** The query without what Vite and the browser add to it. */
  query: string
  /** The path as it was asked for, without the base. */
  path: string
}

/** What a request is measured against. */
export interface RequestSettings {
  /** Absolute path of the project. */
  root: string
  /** Begins and ends with a slash. */
  base: string
  passthrough: readonly string[]
}

/** Servers take no longer ones either. */
const longestUrl = 16_000

/**
 * Reads the URL of a request. Whatever might be an image of ours is answered by us, and by nobody else: Vite would serve
 * the original.
 *
 * @param url as it came, with its base
 * @returns `undefined` where it is not ours
 * @throws MagnificError `BAD_QUERY` where it is, and cannot be read
 */
export function readImageRequest(
  url: string,
  { root, base, passthrough }: RequestSettings,
): ImageRequest | undefined {
  // A fragment is never sent by a browser.
  const [withoutHash = ''] = url.split('#', 1)
  if (withoutHash.length > longestUrl) {
    if (!/magnific/i.test(withoutHash)) return undefined
    throw new MagnificError('BAD_QUERY', `The URL has ${withoutHash.length} characters.`)
  }
  if (!referenceFilter.test(withoutHash)) return undefined
  const { file: rawPath, query } = splitReference(withoutHash)
  if (isModuleRequest(query) || !isReference(query, passthrough)) return undefined
  const path = decode(rawPath)
  if (
    !/\.(?:png|jpe?g|jpe|jfif|pjpeg|pjp|webp|avif|gif|svg|apng|tiff?|bmp|ico|heic)$/i.test(path)
  ) {
    return undefined
  }
  const inBase = stripBase(path, base)
  if (query.includes('?')) {
    throw new MagnificError(
      'BAD_QUERY',
      'The URL holds more than one "?". Write "&" between the keys.',
    )
  }
  const file = inBase.startsWith('/@fs/')
    ? normalize(inBase.slice(process.platform === 'win32' ? 5 : 4))
    : join(root, inBase)
  const kept = query.split('&').filter((part) => !isAdded(part))
  return { file, query: kept.join('&'), path: inBase }
}

/** Keys that say how something is loaded, and are added by Vite or by us. */
function isAdded(part: string): boolean {
  return /^(?:import|t=\d+|v=[\w-]+)?$/.test(part)
}

/** What an import made of an image is a module, and Vite's to answer. */
function isModuleRequest(query: string): boolean {
  return /(?:^|[?&])import=?(?:&|$)/.test(query)
}

function stripBase(path: string, base: string): string {
  return path.startsWith(base) ? path.slice(base.length - 1) : path
}

/** @throws MagnificError where it is no path */
function decode(path: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    throw new MagnificError('BAD_QUERY', 'The path is not percent-encoded UTF-8.')
  }
  if (/%(?:2f|5c)/i.test(path) || /[\0\\]/.test(decoded)) {
    throw new MagnificError('BAD_QUERY', 'The path holds what no path of an image does.')
  }
  return decoded
}
