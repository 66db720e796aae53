import { readFileSync } from 'node:fs'
import { readSource } from './read-source.ts'
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

const nothing: SourceContents = { references: [], imports: [] }

export function createSourceFiles(passthrough: readonly string[] | undefined): SourceFiles {
  const contents = new Map<string, SourceContents>()
  const problems: ScanProblem[] = []
  const failed = new Set<string>()
  return {
    contents,
    problems,
    read: (file, wantsImports) => {
      const known = contents.get(file)
      if (known) return known
      if (failed.has(file)) return nothing
      let text: string
      try {
        text = readFileSync(file, 'utf8')
      } catch (error) {
        failed.add(file)
        problems.push({ file, message: `It cannot be read: ${(error as Error).message}.` })
        return nothing
      }
      const read = readSource(file, text, { passthrough, wantsImports })
      contents.set(file, read)
      if (read.problem) problems.push({ file, message: read.problem.message })
      return read
    },
  }
}
