import { dirname } from 'node:path'
import { expandPattern, relativeSpecifier } from './expand-pattern.ts'
import { followImports } from './follow-imports.ts'
import { listSources, matchSources } from './list-sources.ts'
import type { SourceSettings } from './list-sources.ts'
import { createKnownFiles, findFile, findPlace } from './places.ts'
import type { Resolve } from './plain-resolve.ts'
import { sourceExtensions } from './read-source.ts'
import type { SourceReference } from './source-contents.ts'
import { createSourceFiles, readAll } from './source-files.ts'
import type { ScanProblem } from './source-files.ts'

/** What is scanned, and how. */
export interface ScanSettings extends SourceSettings {
  /** The sources that count, relative to the root; all of the project's where nothing is said. */
  globs?: readonly string[]
  /** Query keys of other plugins. */
  passthrough?: readonly string[]
  /** See `ReadSettings`. */
  checksSyntax?: boolean
  /** The host's entries, absolute paths; `undefined` where nobody knows them. */
  entries?: readonly string[]
  resolve: Resolve
  /** Whether the host is asked where every import leads; otherwise, what is there by its own path is believed to be meant. */
  asksHost?: boolean
  /** Whether sources outside of the root are wanted too where nobody knows which of them entries lead to. */
  followsAll?: boolean
}

/** A reference to one image. */
export interface FoundReference extends Omit<SourceReference, 'isPattern' | 'patterns'> {
  /** The source that refers to it, an absolute path. */
  importer: string
  /**
   * The image, an absolute path. Where there is none, the path where it would be; `undefined` where nobody can tell, and for a
   * pattern that is refused.
   */
  file: string | undefined
  /** The pattern that it is one of, as it is written, with its query. */
  pattern?: string
  /**
   * Whether an entry leads to its importer; `undefined` where nobody can tell: the entries are not known, or an import leads
   * nobody knows where.
   */
  reached: boolean | undefined
  /** Whether an entry leads there whatever the conditions are that a bundler may know: see `SourceImport.isConditional`. */
  isSure: boolean
}

/** What a scan has found. */
export interface Scan {
  /** In the order of their importers' paths and of their places there; each specifier of an importer once. */
  references: FoundReference[]
  /** What could not be read, or not as a whole. In the order of the paths. */
  problems: ScanProblem[]
  /** Globs that fit no source. */
  unmatched: string[]
  /** How many sources were read. */
  sources: number
  /** The sources that entries lead to, absolute paths; `undefined` where the entries are not known. */
  reachedSources: ReadonlySet<string> | undefined
}

/** Finds every reference of a project, without a host's help but for the resolving of names. Writes and buys nothing. */
export async function scanProject(settings: ScanSettings): Promise<Scan> {
  const { root, globs, passthrough, checksSyntax, entries, resolve } = settings
  const files = createSourceFiles({ passthrough, checksSyntax })
  const matched = globs
    ? await matchSources(settings, globs)
    : { files: await listSources(settings, sourceExtensions), unmatched: [], unknown: [] }
  const following = {
    root,
    resolve,
    known: createKnownFiles(matched.files),
    asksHost: settings.asksHost ?? false,
  }
  const reached = entries && (await followImports(entries, files, following))
  // Where entries may be anywhere, what any source leads to outside of the project may be a part of it.
  const followsAll = (settings.followsAll ?? false) && !globs && (reached?.isOpen ?? true)
  const all = followsAll ? await followImports(matched.files, files, following) : undefined
  // Who names sources wants those, and no others.
  const sources = new Set([
    ...matched.files,
    ...(globs ? [] : (reached?.sources ?? [])),
    ...(all?.sources ?? []),
  ])
  await readAll(sources, files, false, () => undefined)

  const importers = [...sources].filter(
    (file) => (files.contents.get(file)?.references.length ?? 0) > 0,
  )
  const references = importers.toSorted().map((importer) => {
    const isReached =
      reached && (reached.sources.has(importer) || (reached.isOpen ? undefined : false))
    const found = files.contents.get(importer)?.references ?? []
    const isSure = reached?.sure.has(importer) ?? false
    return locateAll(found, importer, isReached, settings).then((located) =>
      located.map((each) => ({ ...each, isSure: isSure && !each.isConditional })),
    )
  })
  const problems = [
    ...files.problems,
    ...matched.unknown.map((file) => ({
      file,
      message: `It is none of the sources that are read: ${sourceExtensions.join(', ')}.`,
    })),
  ]
  return {
    references: (await Promise.all(references)).flat(),
    problems: problems.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0)),
    unmatched: matched.unmatched,
    sources: files.contents.size,
    reachedSources: reached?.sources,
  }
}

/** Found, before it is known whether it is sure. */
type Located = Omit<FoundReference, 'isSure'>

async function locateAll(
  found: readonly SourceReference[],
  importer: string,
  reached: boolean | undefined,
  settings: ScanSettings,
): Promise<Located[]> {
  const located = await Promise.all(
    found.map((reference) => locate(reference, importer, reached, settings)),
  )
  const unique = new Map<string, Located>()
  for (const each of located.flat()) {
    const known = unique.get(each.specifier)
    // A build fails wherever one of them is refused.
    if (!known || (known.refusal === undefined && each.refusal !== undefined)) {
      unique.set(each.specifier, each)
    }
  }
  return [...unique.values()]
}

async function locate(
  { isPattern, patterns, ...reference }: SourceReference,
  importer: string,
  reached: boolean | undefined,
  settings: ScanSettings,
): Promise<Located[]> {
  const { specifier, query } = reference
  if (!isPattern) {
    const file = await resolveImage(reference, importer, settings)
    return [{ ...reference, importer, file, reached }]
  }
  if (reference.refusal !== undefined) return [{ ...reference, importer, file: undefined, reached }]
  const { root, resolve } = settings
  const files = await expandPattern(patterns ?? [], { importer, root, resolve })
  // That nobody can tell is told: it may be any number of images.
  if (!files) return [{ ...reference, importer, file: undefined, pattern: specifier, reached }]
  return files.map((file) => ({
    ...reference,
    specifier: `${relativeSpecifier(file, importer)}?${query}`,
    importer,
    file,
    pattern: specifier,
    reached,
  }))
}

/** By its own path where there is such a file; else as the host says; else where it would have to be. */
async function resolveImage(
  { specifier, query, resolveKind }: Pick<SourceReference, 'specifier' | 'query' | 'resolveKind'>,
  importer: string,
  { root, resolve }: ScanSettings,
): Promise<string | undefined> {
  const path = specifier.slice(0, -query.length - 1)
  const place = findPlace(path, dirname(importer), resolveKind, root)
  const own = place === undefined ? undefined : findFile(place)
  if (own !== undefined || path.startsWith('.')) return own ?? place
  const resolved = (await resolve(path, importer, resolveKind))?.replace(/\?.*$/, '')
  return resolved === undefined ? place : (findFile(resolved) ?? resolved)
}
