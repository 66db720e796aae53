import { realpathSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expandPattern } from './expand-pattern.ts'
import { isKnown } from './list-sources.ts'
import { findFile, findPlace, findSource, guessStyles } from './places.ts'
import type { Resolve } from './plain-resolve.ts'
import { findPackage, packageOf } from './resolve-package.ts'
import type { ResolveKind, SourceImport } from './source-contents.ts'
import type { SourceFiles } from './source-files.ts'

/** What entries lead to. */
export interface Reached {
  /** Absolute paths. */
  sources: Set<string>
  /** Whether an import leads nobody knows where, so that it may be any source. */
  isOpen: boolean
}

/** Files that are read before others have their turn. */
const filesAtOnce = 50
const styleSheet = /\.(?:css|pcss|postcss|sss|scss|sass|less|styl|stylus)$/

/**
 * Follows imports from a host's entries, each source once. Packages are nobody's sources, but for linked ones, those that
 * know us, and style sheets.
 *
 * @param entries absolute paths
 */
export async function followImports(
  entries: readonly string[],
  files: SourceFiles,
  { root, resolve }: { root: string; resolve: Resolve },
): Promise<Reached> {
  const reached: Reached = { sources: new Set(entries), isOpen: false }
  const isFollowed = createFilter()

  const resolveOne = async (each: SourceImport, importer: string): Promise<string[]> => {
    if (each.isPattern) {
      return expandPattern(each.patterns ?? [], { importer, root, resolve })
    }
    const found = await resolveImport(each.specifier, importer, each.kind, root, resolve)
    if (found === undefined) reached.isOpen ||= !isExplained(each.specifier, importer)
    return found === undefined ? [] : [found]
  }

  // Wave by wave, so that a chain of any length takes no more of the stack than a short one.
  for (let wave = [...reached.sources]; wave.length > 0;) {
    const imports: Promise<string[]>[] = []
    for (const [index, file] of wave.entries()) {
      if (index % filesAtOnce === filesAtOnce - 1) await setImmediate()
      for (const each of files.read(file, true).imports) imports.push(resolveOne(each, file))
    }
    const found = await Promise.all(imports)
    wave = [...new Set(found.flat())].filter(
      (file) => !reached.sources.has(file) && isKnown(file) && isFollowed(file),
    )
    for (const file of wave) reached.sources.add(file)
  }
  return reached
}

/** What is there by its own path needs no host to say so. */
async function resolveImport(
  specifier: string,
  importer: string,
  kind: ResolveKind,
  root: string,
  resolve: Resolve,
): Promise<string | undefined> {
  const place = findPlace(specifier, importer, kind, root)
  const own = place === undefined ? undefined : findFile(place)
  if (own !== undefined) return own
  const resolved = await resolve(specifier, importer, kind)
  const file = resolved?.replace(/\?.*$/, '')
  const sure = file === undefined ? undefined : findSource(file, kind)
  if (sure !== undefined) return sure
  const guess = place === undefined ? undefined : findSource(place, kind)
  if (guess !== undefined || kind !== 'style') return guess
  // A partial of Sass behind an alias, or in a package.
  for (const name of guessStyles(specifier)) {
    const other = await resolve(name, importer, kind)
    const there = other === undefined ? undefined : findFile(other)
    if (there !== undefined) return there
  }
  return undefined
}

/** Whether nothing that could refer to an image is behind an import that leads nowhere. */
function isExplained(specifier: string, importer: string): boolean {
  if (isBuiltin(specifier) || /^(?:node|sass|bun|data|https?):/.test(specifier)) return true
  const name = packageOf(specifier)
  if (name !== undefined && findPackage(name, importer) !== undefined) return true
  return /\.(?!vue|svelte|astro|mdx)\w+$/.test(specifier) && !isKnown(specifier)
}

/** Which files are sources of the project, and not of somebody else. */
function createFilter(): (file: string) => boolean {
  const packages = new Map<string, boolean>()
  return (file) => {
    const [folder] = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(file) ?? []
    if (folder === undefined || styleSheet.test(file)) return true
    const known = packages.get(folder) ?? isOwnPackage(folder)
    packages.set(folder, known)
    return known
  }
}

function isOwnPackage(folder: string): boolean {
  try {
    if (!/[/\\]node_modules[/\\]/.test(realpathSync(folder))) return true
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string> | undefined
    >
    const { dependencies, peerDependencies } = manifest
    return 'unplugin-magnific' in { ...dependencies, ...peerDependencies }
  } catch {
    return false
  }
}
