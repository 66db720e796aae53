import { statSync } from 'node:fs'
import { extname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { moduleExtensions, sourceExtensions } from './read-source.ts'

/** Which files are sources. */
export interface SourceSettings {
  /** Absolute path of the project. */
  root: string
  /** Folders to leave out beside `node_modules`, `dist` and those with a dot: absolute paths. */
  ignored?: readonly string[]
}

const declarationFile = /\.d\.(?:[cm]?ts|[^.]+\.ts)$/
const declarationPattern = '**/*.d.@(ts|mts|cts|*.ts)'

/**
 * The sources of a project below its root. Declarations of types are none.
 *
 * @param extensions without their dots; those of scripts and components where nothing is said
 * @returns absolute paths, in no order
 */
export async function listSources(
  settings: SourceSettings,
  extensions: readonly string[] = moduleExtensions,
): Promise<string[]> {
  const { root } = settings
  const { default: glob } = await import('fast-glob')
  const folders = listIgnored(settings).map((folder) => `${glob.escapePath(folder)}/**`)
  // One pattern with alternatives takes a third of the time of several, as `{a,b}` stands for.
  const found = await glob(`**/*.@(${extensions.join('|')})`, {
    cwd: root,
    ignore: ['**/@(node_modules|dist)/**', declarationPattern, ...folders],
    // A link into the tree above would be walked for ever.
    followSymbolicLinks: false,
    suppressErrors: true,
    unique: false,
  })
  return found.map((path) => toAbsolute(root, path))
}

/** Of a path that is clean: `join` takes as long as reading a file does. */
function toAbsolute(root: string, path: string): string {
  return sep === '/' && !root.endsWith('/') ? `${root}/${path}` : join(root, path)
}

/** Whether `listSources` would list a script or a component, as far as its path tells. */
export function isSource(file: string, settings: SourceSettings): boolean {
  const path = toPosix(relative(settings.root, file))
  return (
    !isAbsolute(path) &&
    moduleExtensions.includes(extname(path).slice(1)) &&
    !declarationFile.test(path) &&
    !/(?:^|\/)(?:\.|(?:node_modules|dist)\/)/.test(path) &&
    !listIgnored(settings).some((folder) => path.startsWith(`${folder}/`))
  )
}

/** What globs of a user stand for. */
export interface MatchedSources {
  /** Absolute paths. */
  files: string[]
  /** Globs that fit no source. */
  unmatched: string[]
  /** Files that are named one by one, and are no sources. Absolute paths. */
  unknown: string[]
}

/**
 * The sources that globs stand for. A folder stands for all sources in it; one that begins with `!` takes files away.
 *
 * @param globs relative to the root, or absolute
 */
export async function matchSources(
  settings: SourceSettings,
  globs: readonly string[],
): Promise<MatchedSources> {
  const { root } = settings
  const { default: glob } = await import('fast-glob')
  const isNegative = (pattern: string): boolean => pattern.startsWith('!')
  const negative = globs.filter(isNegative).map((pattern) => pattern.slice(1))
  const files = new Set<string>()
  const unmatched: string[] = []
  const unknown: string[] = []
  for (const pattern of globs) {
    if (isNegative(pattern)) continue
    const place = resolve(root, pattern)
    const stats = statSync(place, { throwIfNoEntry: false })
    const isFolder = stats?.isDirectory() === true && !isKnown(place)
    const all = isFolder ? `${glob.escapePath(toPosix(pattern)).replace(/\/$/, '')}/**` : pattern
    const found = stats && !isFolder ? [place] : await glob(all, globOptions(pattern, negative))
    const sources = found.map((path) => resolve(root, path)).filter(isKnown)
    if (sources.length === 0 && stats && !isFolder) unknown.push(place)
    else if (sources.length === 0) unmatched.push(pattern)
    for (const source of sources) files.add(source)
  }
  return { files: [...files], unmatched, unknown }

  function globOptions(pattern: string, ignore: readonly string[]): object {
    const isInside = /(?:^|\/)node_modules(?:\/|$)/.test(pattern)
    return {
      cwd: root,
      ignore: [...ignore, ...(isInside ? [] : ['**/node_modules/**']), declarationPattern],
      followSymbolicLinks: false,
      suppressErrors: true,
    }
  }
}

/** Whether a file is one that can be read, as far as its path tells. */
export function isKnown(file: string): boolean {
  return (
    sourceExtensions.includes(extname(file).slice(1).toLowerCase()) && !declarationFile.test(file)
  )
}

/** Relative to the root. What is not below it is none of our business, and what it is below must not hide it. */
function listIgnored({ root, ignored = [] }: SourceSettings): string[] {
  const paths = ignored.map((folder) => toPosix(relative(root, folder)))
  return paths.filter((path) => path !== '' && !path.startsWith('..') && !isAbsolute(path))
}

function toPosix(path: string): string {
  return path.replaceAll(sep, '/')
}
