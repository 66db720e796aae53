import { readFileSync } from 'node:fs'
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { readSpecifiers } from './read-specifiers.ts'
import type { Specifier } from './read-specifiers.ts'

/** A reference that stands in a source. */
export interface FoundReference extends Specifier {
  /** The source that refers to it, an absolute path. */
  importer: string
  /**
   * The image, an absolute path; `undefined` for patterns, and where only the host can tell: an alias, a package. Whether
   * it is there is not looked at.
   */
  file: string | undefined
}

/** What is scanned. */
export interface ScanSettings {
  /** Absolute path of the project. */
  root: string
  /** Folders to leave out beside `node_modules`, `dist` and those with a dot: absolute paths. */
  ignored?: readonly string[]
  /** Query keys of other plugins. */
  passthrough?: readonly string[]
}

const extensions = [
  'js',
  'mjs',
  'cjs',
  'ts',
  'mts',
  'cts',
  'jsx',
  'tsx',
  'vue',
  'svelte',
  'astro',
  'mdx',
]
const declarationFile = /\.d\.(?:[cm]?ts|[^.]+\.ts)$/

/** Files that are read before others have their turn: a few milliseconds. */
const filesAtOnce = 50

/**
 * The sources of a project: scripts and components below its root. Declarations of types are none.
 *
 * @returns absolute paths, sorted
 */
export async function listSources(settings: ScanSettings): Promise<string[]> {
  const { root } = settings
  const { default: glob } = await import('fast-glob')
  const folders = listIgnored(settings).map((folder) => `${glob.escapePath(folder)}/**`)
  // One pattern with alternatives takes a third of the time of several, as `{a,b}` stands for.
  const found = await glob(`**/*.@(${extensions.join('|')})`, {
    cwd: root,
    ignore: ['**/@(node_modules|dist)/**', '**/*.d.@(ts|mts|cts|*.ts)', ...folders],
    // A link into the tree above would be walked for ever.
    followSymbolicLinks: false,
    suppressErrors: true,
    unique: false,
  })
  return found.toSorted().map((path) => join(root, path))
}

/** Whether `listSources` would list a file, as far as its path tells. */
export function isSource(file: string, settings: ScanSettings): boolean {
  const path = toPosix(relative(settings.root, file))
  return (
    !isAbsolute(path) &&
    extensions.includes(extname(path).slice(1)) &&
    !declarationFile.test(path) &&
    !/(?:^|\/)(?:\.|(?:node_modules|dist)\/)/.test(path) &&
    !listIgnored(settings).some((folder) => path.startsWith(`${folder}/`))
  )
}

/** Relative to the root. What is not below it is none of our business, and what it is below must not hide it. */
function listIgnored({ root, ignored = [] }: ScanSettings): string[] {
  const paths = ignored.map((folder) => toPosix(relative(root, folder)))
  return paths.filter((path) => path !== '' && !path.startsWith('..') && !isAbsolute(path))
}

function toPosix(path: string): string {
  return path.replaceAll(sep, '/')
}

/**
 * The references in one source; none where it cannot be read, since it may be gone meanwhile. Synchronous, because a file of
 * this size takes a fifth of the time.
 */
export function readReferences(
  importer: string,
  { root, passthrough }: ScanSettings,
): FoundReference[] {
  return readSpecifiers(readText(importer), passthrough).map((found) => ({
    ...found,
    importer,
    file: found.isPattern ? undefined : findPlace(found.specifier, importer, root),
  }))
}

/** The references in all sources of a project, in the order of the sources. */
export async function findReferences(settings: ScanSettings): Promise<FoundReference[]> {
  const sources = await listSources(settings)
  const found: FoundReference[][] = []
  for (const [index, source] of sources.entries()) {
    if (index % filesAtOnce === 0) await setImmediate()
    found.push(readReferences(source, settings))
  }
  return found.flat()
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function findPlace(specifier: string, importer: string, root: string): string | undefined {
  const path = specifier.slice(0, specifier.indexOf('?'))
  if (/^\.\.?\//.test(path)) return resolve(dirname(importer), path)
  return path.startsWith('/') ? join(root, path) : undefined
}
