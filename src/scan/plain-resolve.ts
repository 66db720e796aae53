import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { findFile, findPlace, findSource, isFile } from './places.ts'
import { resolvePackage } from './resolve-package.ts'
import type { ResolveKind } from './source-contents.ts'

/**
 * Tells where a specifier leads, in the way of a host.
 *
 * @param specifier without its query
 * @param importer an absolute path
 * @returns an absolute path, without a query. Of an alias that leads to no file, the path where it would be. `undefined` where
 *   nobody can tell
 */
export type Resolve = (
  specifier: string,
  importer: string,
  kind: ResolveKind,
) => Promise<string | undefined>

/** An alias, as Vite's option `resolve.alias` has it. */
export interface Alias {
  find: string | RegExp
  replacement: string
}

/**
 * Resolves as bundlers do by themselves: relative paths, paths from the root, aliases, and packages.
 *
 * @param settings.alias in both forms of Vite's option
 */
export function createPlainResolve({
  root,
  alias = {},
}: {
  root: string
  alias?: Readonly<Record<string, string>> | readonly Alias[]
}): Resolve {
  const aliases = listAliases(alias)
  return async (specifier, importer, kind) => {
    const mapped = mapAlias(specifier, aliases)
    const path = mapped ?? specifier
    if (mapped !== undefined && isAbsolute(mapped)) {
      const place = [mapped, join(root, mapped)]
      return place.map((each) => findSource(each, kind)).find((file) => file) ?? mapped
    }
    const place = findPlace(path, dirname(importer), kind, root)
    const found = place === undefined ? undefined : findSource(place, kind)
    if (found !== undefined) return found
    if (isAbsolute(path)) return findFile(path)
    if (path.startsWith('.')) return undefined
    const file = resolvePackage(path.replace(/^~(?!\/)/, ''), importer, kind)
    if (file === undefined) return undefined
    // As bundlers do, so that a linked package is where it really is.
    return isFile(file) ? realpathSync(file) : file
  }
}

function listAliases(alias: Readonly<Record<string, string>> | readonly Alias[]): Alias[] {
  const listed = Array.isArray(alias)
    ? (alias as readonly Alias[])
    : Object.entries(alias).map(([find, replacement]) => ({ find, replacement }))
  return listed.map(({ find, replacement }) => {
    const isFolder = typeof find === 'string' && find.endsWith('/') && replacement.endsWith('/')
    return isFolder
      ? { find: find.slice(0, -1), replacement: replacement.slice(0, -1) }
      : { find, replacement }
  })
}

/** The first that fits, as Vite has it. */
function mapAlias(specifier: string, aliases: readonly Alias[]): string | undefined {
  const found = aliases.find(({ find }) =>
    typeof find === 'string'
      ? specifier === find || specifier.startsWith(find.endsWith('/') ? find : `${find}/`)
      : specifier.search(find) !== -1,
  )
  return found && specifier.replace(found.find, found.replacement)
}
