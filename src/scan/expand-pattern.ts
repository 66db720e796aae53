import { dirname, isAbsolute, relative, sep } from 'node:path'
import { posix } from 'node:path'
import type { Resolve } from './plain-resolve.ts'

/** Where a pattern stands. */
export interface PatternPlace {
  /** An absolute path. */
  importer: string
  root: string
  resolve: Resolve
}

/**
 * The files that a pattern stands for, as Vite finds them: relative to the importer, or to the root where it begins with `/`;
 * an alias is resolved. Nothing in `node_modules`, unless the pattern says so, nothing with a dot, and not the importer.
 *
 * @param patterns those that begin with `!` take files away
 * @returns absolute paths, sorted; `undefined` where nobody can tell what they stand for
 */
export async function expandPattern(
  patterns: readonly string[],
  place: PatternPlace,
): Promise<string[] | undefined> {
  const resolved = await Promise.all(patterns.map((pattern) => toAbsolute(pattern, place)))
  const globs = resolved.filter((glob) => glob !== undefined)
  const positive = globs.filter((glob) => !glob.startsWith('!'))
  if (resolved.includes(undefined)) return undefined
  if (positive.length === 0) return []
  const { default: glob } = await import('fast-glob')
  const found = await glob(positive, {
    absolute: true,
    cwd: place.root,
    ignore: [
      ...globs.filter((each) => each.startsWith('!')).map((each) => each.slice(1)),
      ...(positive.some((each) => each.includes('node_modules')) ? [] : ['**/node_modules/**']),
    ],
    extglob: false,
    suppressErrors: true,
  })
  return found.filter((file) => file !== place.importer).toSorted()
}

/** How an importer would write a file: `./glob/a.png`. */
export function relativeSpecifier(file: string, importer: string): string {
  const path = relative(dirname(importer), file).replaceAll(sep, '/')
  return path.startsWith('../') ? path : `./${path}`
}

/** @returns `undefined` for an alias that nobody knows */
async function toAbsolute(pattern: string, place: PatternPlace): Promise<string | undefined> {
  const { default: glob } = await import('fast-glob')
  const { importer, root, resolve } = place
  const sign = pattern.startsWith('!') ? '!' : ''
  const rest = pattern.slice(sign.length)
  if (rest.startsWith('**')) return pattern
  const isOwn = rest.startsWith('/') || /^\.\.?\//.test(rest)
  if (isOwn) {
    const folder = rest.startsWith('/') ? root : dirname(importer)
    return sign + posix.join(glob.escapePath(folder.replaceAll(sep, '/')), rest)
  }
  const resolved = await resolve(rest, importer, 'script')
  if (resolved === undefined || !isAbsolute(resolved)) return undefined
  return sign + escapeBeginning(resolved, rest, glob.escapePath)
}

/** What an alias stands for is a path, and what follows is the pattern. */
function escapeBeginning(
  resolved: string,
  pattern: string,
  escape: (path: string) => string,
): string {
  let equal = 0
  while (equal < pattern.length && resolved.at(-1 - equal) === pattern.at(-1 - equal)) equal++
  const end = resolved.length - equal
  return escape(resolved.slice(0, end)) + resolved.slice(end)
}
