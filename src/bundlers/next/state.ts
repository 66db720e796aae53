import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

// Turbopack keeps whatever comes of a loader, errors and stand-ins too, and gives it again in the next run. What may come out
// otherwise the next time changes a word that is a part of the loader's key.

/** Where that word is: beside Turbopack's cache, and gone with it. An absolute path. */
export function findStateFile(root: string, distDir: string): string {
  return resolve(root, distDir, 'cache', 'unplugin-magnific')
}

/** The word; an empty one where nothing has ever come out otherwise. */
export function readState(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Makes the next run of Next ask all loaders again. */
export function changeState(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, randomUUID())
  } catch {
    // Without a folder there is no cache either.
  }
}
