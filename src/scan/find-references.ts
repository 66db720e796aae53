import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { listSources } from './list-sources.ts'
import type { SourceSettings } from './list-sources.ts'
import { findPlace, isOwnPlace } from './places.ts'
import { readSource } from './read-source.ts'
import type { SourceReference } from './source-contents.ts'

/** A reference of a script or a component. */
export interface ModuleReference extends SourceReference {
  /** The source that refers to it, an absolute path. */
  importer: string
  /**
   * The image, an absolute path; `undefined` for patterns, and where only the host can tell: an alias, a package. Whether
   * it is there is not looked at.
   */
  file: string | undefined
}

/** What is scanned. */
export interface ModuleSettings extends SourceSettings {
  /** Query keys of other plugins. */
  passthrough?: readonly string[]
}

/** Files that are read before others have their turn: a few milliseconds. */
const filesAtOnce = 50

/**
 * What one script or component refers to by modules: nothing where it cannot be read, since it may be gone meanwhile.
 * Synchronous, because a file of this size takes a fifth of the time. Patterns are left as they are.
 */
export function readReferences(
  importer: string,
  { root, passthrough }: ModuleSettings,
): ModuleReference[] {
  const { references } = readSource(importer, readText(importer), {
    passthrough,
    wantsImports: false,
    checksSyntax: false,
  })
  return (
    references
      // Styles import no modules, and what a template literal imports has no type of its own.
      .filter(({ kind, isPattern }) => kind !== 'css-url' && (!isPattern || kind === 'glob'))
      .map((reference) => ({
        ...reference,
        importer,
        file: reference.isPattern ? undefined : placeOf(reference, importer, root),
      }))
  )
}

/** The references in all scripts and components of a project, in the order of their paths. */
export async function findReferences(settings: ModuleSettings): Promise<ModuleReference[]> {
  const sources = (await listSources(settings)).toSorted()
  const found: ModuleReference[][] = []
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

function placeOf(
  { specifier, query, resolveKind }: SourceReference,
  importer: string,
  root: string,
): string | undefined {
  const path = specifier.slice(0, -query.length - 1)
  const isOwn = resolveKind === 'url' || isOwnPlace(path)
  return isOwn ? findPlace(path, dirname(importer), resolveKind, root) : undefined
}
