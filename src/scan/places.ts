import { statSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { ResolveKind } from './source-contents.ts'

/** As bundlers guess them, where an import has none. */
const scriptExtensions = ['.mjs', '.js', '.mts', '.ts', '.jsx', '.tsx', '.json']
const scriptEndings = [
  ...scriptExtensions,
  ...scriptExtensions.map((extension) => `/index${extension}`),
]
const styleExtensions = ['.scss', '.sass', '.css', '.less', '.styl']

/**
 * Where a specifier leads that needs nobody else to be asked: one that is relative, or begins at the root. Style sheets, pages
 * and URLs are relative without a dot too.
 *
 * @param folder the importer's
 * @returns an absolute path, whether there is something or not
 */
export function findPlace(
  specifier: string,
  folder: string,
  kind: ResolveKind,
  root: string,
): string | undefined {
  if (specifier.startsWith('/')) return join(root, specifier)
  if (kind === 'script' && !/^\.\.?(?:\/|$)/.test(specifier)) return undefined
  return join(folder, specifier)
}

/** Whether a specifier says itself where it leads, whoever reads it. */
export function isOwnPlace(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier)
}

/**
 * The file that a place means: as it stands, else percent-decoded.
 *
 * @returns `undefined` where there is neither
 */
export function findFile(place: string): string | undefined {
  if (isFile(place)) return place
  if (!place.includes('%')) return undefined
  const decoded = decode(place)
  return isFile(decoded) ? decoded : undefined
}

/** The same for sources, whose names may be guessed: an extension, an index, a partial of Sass. */
export function findSource(place: string, kind: ResolveKind): string | undefined {
  const found = findFile(place)
  if (found !== undefined) return found
  const guesses =
    kind === 'style' ? guessStyles(place) : kind === 'script' ? guessScripts(place) : []
  return guesses.find(isFile)
}

function guessScripts(place: string): string[] {
  const extension = extname(place)
  // TypeScript writes the names that its output will have.
  const typed = /^\.[cm]?jsx?$/.test(extension)
    ? [place.replace(/js(x?)$/, 'ts$1'), place.replace(/jsx?$/, 'tsx')]
    : []
  return [...typed, ...scriptEndings.map((ending) => place + ending)]
}

/** Files that are known to be there, also by what an import may leave out of their names. */
export interface KnownFiles {
  has(file: string): boolean
  /** The only script that a place may mean. */
  guess(place: string): string | undefined
}

export function createKnownFiles(files: Iterable<string>): KnownFiles {
  const all = new Set(files)
  /** By what is before the extension; `undefined` where there are several. */
  const stems = new Map<string, string | undefined>()
  for (const file of all) {
    const [extension = ''] = /\.\w+$/.exec(file) ?? []
    if (!scriptExtensions.includes(extension)) continue
    const stem = file.slice(0, -extension.length)
    const places = stem.endsWith('/index') ? [stem, stem.slice(0, -'/index'.length)] : [stem]
    for (const place of places) stems.set(place, stems.has(place) ? undefined : file)
  }
  return { has: (file) => all.has(file), guess: (place) => stems.get(place) }
}

/** Sass and Less say no extension, and Sass no underscore. */
export function guessStyles(place: string): string[] {
  const name = place.slice(place.lastIndexOf('/') + 1)
  const partial = place.slice(0, place.length - name.length) + `_${name}`
  const isWhole = styleExtensions.includes(extname(place))
  if (isWhole) return [partial]
  return [
    ...styleExtensions.flatMap((each) => [place + each, partial + each]),
    ...styleExtensions.flatMap((each) => [`${place}/index${each}`, `${place}/_index${each}`]),
  ]
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  } catch {
    // Below what is no folder, too long for a name, a link to itself.
    return false
  }
}
