import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/**
 * Remembers what files hold, or that they are not there.
 *
 * @param files absolute paths
 * @returns finds the first one that holds something else by now
 */
export function rememberFiles(files: readonly string[]): () => string | undefined {
  const remembered = new Map([...new Set(files)].map((file) => [file, hashFile(file)]))
  return () => [...remembered].find(([file, held]) => hashFile(file) !== held)?.[0]
}

/** By the bytes: who saves a file as it was has changed nothing. */
function hashFile(file: string): string | undefined {
  try {
    return hash('sha256', readFileSync(file))
  } catch {
    return undefined
  }
}
