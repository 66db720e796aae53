import { realpathSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { expandPattern } from './expand-pattern.ts'
import { isKnown } from './list-sources.ts'
import { findFile, findPlace, findSource, guessStyles } from './places.ts'
import type { KnownFiles } from './places.ts'
import type { Resolve } from './plain-resolve.ts'
import { findPackage, packageOf } from './resolve-package.ts'
import type { SourceImport } from './source-contents.ts'
import { readAll } from './source-files.ts'
import type { SourceFiles } from './source-files.ts'

/** What entries lead to. */
export interface Reached {
  /** Absolute paths. */
  sources: Set<string>
  /** Those that they lead to by imports that are not conditional. */
  sure: Set<string>
  /** Whether an import leads nobody knows where, so that it may be any source. */
  isOpen: boolean
}

const styleSheet = /\.(?:css|pcss|postcss|sss|scss|sass|less|styl|stylus)$/

/** Where imports are followed. */
export interface FollowSettings {
  root: string
  resolve: Resolve
  /** Sources that are known to be there: nobody has to look again. */
  known: KnownFiles
  /** See `ScanSettings`. */
  asksHost: boolean
}

/**
 * Follows imports from a host's entries, each source once. Packages are nobody's sources, but for linked ones, those that
 * know us, and style sheets.
 *
 * @param entries absolute paths
 */
export async function followImports(
  entries: readonly string[],
  files: SourceFiles,
  settings: FollowSettings,
): Promise<Reached> {
  const reached: Reached = { sources: new Set(entries), sure: new Set(entries), isOpen: false }
  /** What each source leads to whatever the conditions are. */
  const links = new Map<string, (string | undefined)[]>()
  const isFollowed = createFilter()
  const resolveImport = createImportResolve(settings, () => {
    reached.isOpen = true
  })
  // Wave by wave, so that a chain of any length takes no more of the stack than a short one.
  for (let wave = [...reached.sources]; wave.length > 0;) {
    const found = await readAll(wave, files, true, async (file, { imports }) => {
      const folder = dirname(file)
      const targets = await Promise.all(
        imports.map(async (each) => {
          if (!each.isPattern) return [await resolveImport(each, file, folder)]
          const place = { importer: file, ...settings }
          const expanded = await expandPattern(each.patterns ?? [], place)
          if (!expanded) reached.isOpen = true
          return expanded ?? []
        }),
      )
      const isSure = (index: number): boolean => imports[index]?.isConditional === false
      links.set(file, targets.filter((_, index) => isSure(index)).flat())
      return targets
    })
    wave = [...new Set(found.flat(2))].filter(
      (file): file is string =>
        file !== undefined && !reached.sources.has(file) && isKnown(file) && isFollowed(file),
    )
    for (const file of wave) reached.sources.add(file)
  }
  // What is added is gone through as well.
  for (const file of reached.sure) {
    for (const target of links.get(file) ?? []) {
      if (target !== undefined && reached.sources.has(target)) reached.sure.add(target)
    }
  }
  return reached
}

type ImportResolve = (
  each: SourceImport,
  importer: string,
  folder: string,
) => string | undefined | Promise<string | undefined>

/**
 * What is there by its own path needs no host to say so, and what is no path is the same for all files of a folder.
 *
 * @param onLost is called where an import leads nobody knows where
 */
function createImportResolve(
  { root, resolve, known, asksHost }: FollowSettings,
  onLost: () => void,
): ImportResolve {
  const shared = new Map<string, Promise<string | undefined>>()

  const ask = async (
    { specifier, kind }: SourceImport,
    importer: string,
    place: string | undefined,
  ): Promise<string | undefined> => {
    const own = place === undefined || asksHost ? undefined : findFile(place)
    if (own !== undefined) return own
    const resolved = (await resolve(specifier, importer, kind))?.replace(/\?.*$/, '')
    const found =
      (resolved === undefined ? undefined : findSource(resolved, kind)) ??
      // What a host leaves out, or puts something else in place of, is not what stands there.
      (place === undefined || (asksHost && kind === 'script')
        ? undefined
        : findSource(place, kind)) ??
      (kind === 'style' ? await askForPartial(specifier, importer, resolve) : undefined)
    if (found === undefined && !isExplained(specifier, importer)) onLost()
    return found
  }

  return (each, importer, folder) => {
    const place = findPlace(each.specifier, folder, each.kind, root)
    if (place !== undefined && !asksHost) {
      const sure = known.has(place)
        ? place
        : each.kind === 'script'
          ? known.guess(place)
          : undefined
      if (sure !== undefined) return sure
    }
    const isRelative = each.specifier.startsWith('.')
    if (isRelative) return ask(each, importer, place)
    const key = `${each.kind} ${folder} ${each.specifier}`
    const asked = shared.get(key) ?? ask(each, importer, place)
    shared.set(key, asked)
    return asked
  }
}

/** A partial of Sass behind an alias, or in a package. */
async function askForPartial(
  specifier: string,
  importer: string,
  resolve: Resolve,
): Promise<string | undefined> {
  for (const name of guessStyles(specifier)) {
    const other = await resolve(name, importer, 'style')
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
    if (!file.includes('node_modules')) return true
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
