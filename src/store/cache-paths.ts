import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { isMissing } from './files.ts'

/** The files of an attempt, in the order in which they come to be. */
export const attemptFiles: readonly AttemptFile[] = [
  'owner',
  'decided',
  'response',
  'task',
  'outcome',
  'void',
]

/** The name of one of them. */
export type AttemptFile = 'owner' | 'decided' | 'response' | 'task' | 'outcome' | 'void'

/** What a file of the cache directory is a part of, by its path. */
export type CachePart =
  | { kind: 'record'; fingerprint: string }
  | { kind: 'blob'; sha256: string }
  | {
      kind: 'attempt'
      fingerprint: string
      /** The number of the attempt, from 1. */
      number: number
      name: AttemptFile
    }

const recordPath = /^v1\/results\/([\da-f]{2})\/(\1[\da-f]{62})\.json$/
const blobPath = /^v1\/blobs\/([\da-f]{2})\/(\1[\da-f]{62})$/
const attemptPath = new RegExp(
  String.raw`^v1/journal/([\da-f]{2})/(\1[\da-f]{62})/(\d{4}|[1-9]\d{4,8})/(${attemptFiles.join('|')})$`,
)

/**
 * Reads the path of a record, a blob or a file of the journal, to the letter: no other spelling of it is one.
 *
 * @param path from the cache directory, with forward slashes
 * @returns `undefined` for anything else
 */
export function parseCachePath(path: string): CachePart | undefined {
  const [, , recorded] = recordPath.exec(path) ?? []
  if (recorded !== undefined) return { kind: 'record', fingerprint: recorded }
  const [, , sha256] = blobPath.exec(path) ?? []
  if (sha256 !== undefined) return { kind: 'blob', sha256 }
  const [, , fingerprint, number, name] = attemptPath.exec(path) ?? []
  if (fingerprint === undefined || Number(number) === 0) return undefined
  return {
    kind: 'attempt',
    fingerprint,
    number: Number(number),
    name: name as AttemptFile,
  }
}

/** A file below a folder. */
export interface FoundFile {
  /** Absolute. */
  file: string
  /** From the folder that was asked about, with forward slashes. */
  path: string
  /** Whether it is a file, and no link or pipe. */
  isFile: boolean
}

/**
 * Everything below some folders of a directory that is no folder itself, sorted by path.
 *
 * @param dir what paths are told from
 * @param folders in `dir`, absolute; one that is missing is empty
 */
export async function listFiles(dir: string, folders: readonly string[]): Promise<FoundFile[]> {
  const found: FoundFile[] = []
  for (const folder of folders) {
    for (const entry of await readBelow(folder)) {
      if (entry.isDirectory()) continue
      const file = join(entry.parentPath, entry.name)
      const path = relative(dir, file).replaceAll(sep, '/')
      found.push({ file, path, isFile: entry.isFile() })
    }
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

async function readBelow(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { recursive: true, withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
