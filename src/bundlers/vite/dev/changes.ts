import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { signatureOf } from '../../../store/memo.ts'

/** What tells of files, such as Vite's watcher. */
export interface FileWatcher {
  on(event: 'all', listener: (event: string, path: string) => void): unknown
}

/** One change of a file, or several in one. */
export interface FileChange {
  /** An absolute path. */
  file: string
  /** Whether there is such a file. */
  exists: boolean
  /** Whether the watcher has kept it to itself: then nobody else has heard of it. */
  isUntold: boolean
}

/** Longer than Vite's watcher keeps to itself what happens to a file that it has told of, ms: 50 for a change. */
const silence = 100

/**
 * Hears of changes to files, and of all of them: a file that is emptied and then written, or saved twice, changes while
 * the watcher drops what it sees of it, so it is looked at once more when that is over.
 *
 * @param isKnown whether a file matters
 */
export function watchChanges(
  watcher: FileWatcher,
  isKnown: (file: string) => boolean,
  listener: (change: FileChange) => void,
): void {
  const looks = new Map<string, NodeJS.Timeout>()

  const tell = (file: string, isUntold: boolean): void => {
    // Before anybody reads the file: what they read is this or something newer.
    const told = readSignature(file)
    const look = (): void => {
      looks.delete(file)
      if (readSignature(file) !== told) tell(file, true)
    }
    clearTimeout(looks.get(file))
    looks.set(file, setTimeout(look, silence).unref())
    listener({ file, exists: told !== undefined, isUntold })
  }

  watcher.on('all', (_, path) => {
    const file = resolve(path)
    if (isKnown(file)) tell(file, false)
  })
}

/** What tells that a file has changed; `undefined` where there is none. */
function readSignature(file: string): string | undefined {
  try {
    return signatureOf(statSync(file, { bigint: true }))
  } catch {
    return undefined
  }
}
