import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { nothing } from './collector.ts'
import { readSource } from './read-source.ts'
import type { ReadSettings } from './read-source.ts'
import type { SourceContents } from './source-contents.ts'

/** Something that kept a source from being read as a whole. */
export interface ScanProblem {
  /** An absolute path. */
  file: string
  /** A sentence. */
  message: string
}

/** Sources that are read once. One for each scan. */
export interface SourceFiles {
  /** By path: those that could be read. */
  readonly contents: ReadonlyMap<string, SourceContents>
  readonly problems: readonly ScanProblem[]
  /**
   * Reads a source, unless it was read before.
   *
   * @returns an empty one where it cannot be read, which becomes a problem
   */
  read(file: string, wantsImports: boolean): SourceContents
}

/** @param settings how each of them is read */
export function createSourceFiles(
  settings: Pick<ReadSettings, 'passthrough' | 'checksSyntax'>,
): SourceFiles {
  const contents = new Map<string, SourceContents>()
  const problems: ScanProblem[] = []
  const failed = new Set<string>()

  const keep = (file: string, read: SourceContents): SourceContents => {
    contents.set(file, read)
    if (read.problem) problems.push({ file, message: read.problem.message })
    return read
  }
  const load = (file: string): string | undefined => {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      failed.add(file)
      problems.push({ file, message: `It cannot be read: ${(error as Error).message}.` })
      return undefined
    }
  }
  return {
    contents,
    problems,
    read: (file, wantsImports) => {
      const known = contents.get(file)
      if (known) return known
      const text = failed.has(file) ? undefined : load(file)
      if (text === undefined) return nothing
      return keep(file, readSource(file, text, { ...settings, wantsImports }))
    },
  }
}

/** Files that are read before others have their turn: a few milliseconds. */
const filesAtOnce = 50

/**
 * Reads sources, and goes on with each as soon as it is read.
 *
 * @returns what `onRead` gives for each, in their order
 */
export async function readAll<T>(
  paths: Iterable<string>,
  files: SourceFiles,
  wantsImports: boolean,
  onRead: (file: string, contents: SourceContents) => T | Promise<T>,
): Promise<T[]> {
  const work: (T | Promise<T>)[] = []
  for (const path of paths) {
    if (work.length % filesAtOnce === filesAtOnce - 1) await setImmediate()
    work.push(onRead(path, files.read(path, wantsImports)))
  }
  return Promise.all(work)
}
