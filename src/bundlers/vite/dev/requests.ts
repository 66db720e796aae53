import { join, normalize } from 'node:path'
import { MagnificError } from '../../../core/errors.ts'
import { imageExtensions } from '../../../core/formats.ts'
import { isReference, splitReference } from '../../../core/request.ts'
import { decodePath } from '../files.ts'

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
  /** Whether URLs may come without the base. */
  mayLackBase: boolean
  passthrough: readonly string[]
}

/** What cannot be upscaled is refused with a reason. */
const imagePath = new RegExp(`\\.(?:${[...imageExtensions, 'svg', 'apng', 'ico'].join('|')})$`, 'i')

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
  { root, base, mayLackBase, passthrough }: RequestSettings,
): ImageRequest | undefined {
  if (url.length > longestUrl) {
    if (!/magnific/i.test(url)) return undefined
    throw new MagnificError('BAD_QUERY', `The URL has ${url.length} characters.`)
  }
  const { file: rawPath, query } = splitReference(url)
  // Not by the cheap filter: escapes make keys longer than it expects them.
  if (!isReference(query, passthrough)) return undefined
  // What Vite cannot decode it takes for no module, and serves the original.
  if (isModuleRequest(query) && decodePath(url) !== undefined) return undefined
  const path = decode(rawPath)
  if (!imagePath.test(path)) return undefined
  if (!path.startsWith(base) && !mayLackBase) return undefined
  const inBase = path.startsWith(base) ? path.slice(base.length - 1) : path
  if (query.includes('#')) {
    throw new MagnificError('BAD_QUERY', 'The URL holds a fragment, which no browser sends.')
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

/** @throws MagnificError where it is no path */
function decode(path: string): string {
  const decoded = decodePath(path)
  if (decoded === undefined) {
    throw new MagnificError('BAD_QUERY', 'The path is not percent-encoded UTF-8.')
  }
  if (/%(?:2f|5c)/i.test(path) || /[\0\\]/.test(decoded)) {
    throw new MagnificError('BAD_QUERY', 'The path holds what no path of an image does.')
  }
  return decoded
}
