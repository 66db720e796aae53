import { hashFile } from '../store/files.ts'

/**
 * Remembers what files hold, or that they are not there.
 *
 * @param files absolute paths
 * @returns finds the first one that holds something else by now
 */
export function rememberFiles(files: readonly string[]): () => string | undefined {
  const remembered = new Map([...new Set(files)].map((file) => [file, findHash(file)]))
  return () => [...remembered].find(([file, held]) => findHash(file) !== held)?.[0]
}

/** By the bytes: who saves a file as it was has changed nothing. */
function findHash(file: string): string | undefined {
  try {
    return hashFile(file)
  } catch {
    return undefined
  }
}
