import { readFileSync } from 'node:fs'
import { readFile, readdir, rm, stat, utimes } from 'node:fs/promises'
import { createFileOnce, isMissing, makeFolder } from './files.ts'
import type { Layout } from './layout.ts'
import { quarantine } from './quarantine.ts'

/** What the journal and the budget's ledger ask of a file system: everything else follows from the first of these. */
export interface JournalFiles {
  /**
   * Creates a file that must not exist yet, whole and lasting, or not at all.
   *
   * @returns whether it was this call that created it: one call in the world can
   */
  create(path: string, content: string): Promise<boolean>
  /** A file's text, `undefined` where it is missing. */
  read(path: string): Promise<string | undefined>
  /** When a file was last touched, ms since 1970; 0 where it is missing. */
  readBeat(path: string): Promise<number>
  /** Shows that a file's creator is alive. */
  touch(path: string): Promise<void>
  /** The names in a folder, none where it is missing. */
  list(folder: string): Promise<string[]>
  makeFolder(folder: string): Promise<void>
  remove(path: string): Promise<void>
  /** Takes a file out of the way whose content says nothing, unless it has another one by now. */
  setAside(path: string, content: string): void
}

/** The file system itself. */
export function createJournalFiles(layout: Layout): JournalFiles {
  return {
    create: async (path, content) => createFileOnce(layout.tmp, path, content),
    read: async (path) => orIfMissing(readFile(path, 'utf8'), undefined),
    readBeat: async (path) =>
      orIfMissing(
        stat(path).then(({ mtimeMs }) => mtimeMs),
        0,
      ),
    touch: async (path) => {
      const now = new Date()
      await utimes(path, now, now)
    },
    list: async (folder) =>
      orIfMissing(readdir(folder), []).catch((error: NodeJS.ErrnoException) => {
        // A file that somebody has laid between the folders has no names in it.
        if (error.code === 'ENOTDIR') return []
        throw error
      }),
    makeFolder,
    remove: async (path) => rm(path, { force: true }),
    setAside: (path, content) => {
      try {
        if (readFileSync(path, 'utf8') === content) quarantine(layout, path)
      } catch {
        // Where nothing can be moved, it is left where it is, and not read either.
      }
    },
  }
}

async function orIfMissing<T, F>(work: Promise<T>, fallback: F): Promise<T | F> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return fallback
    throw error
  }
}
