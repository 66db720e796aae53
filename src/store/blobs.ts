import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { MagnificError } from '../core/errors.ts'
import { hashFile, isMissing, moveFile, openTmp, writeAll } from './files.ts'
import { shardedPath } from './layout.ts'
import type { Layout } from './layout.ts'
import type { Memo } from './memo.ts'
import { quarantine } from './quarantine.ts'

/** A result on its way in: streamed to a temporary file and hashed as it goes. */
export interface IncomingBlob {
  /** Where the bytes are until they are kept; complete once `finish` has resolved. */
  readonly file: string
  write(chunk: Uint8Array): Promise<void>
  /** No more bytes come. Resolves when they are on the disk. */
  finish(): Promise<{ sha256: string; bytes: number }>
  /** Moves the finished bytes to their place, and resolves to it. */
  keep(): Promise<string>
  /** Drops the bytes. Does nothing once they are kept. */
  discard(): Promise<void>
}

/** The paid bytes, by their own hash. They are never altered. */
export interface BlobStore {
  path(sha256: string): string
  create(): Promise<IncomingBlob>
  /**
   * Proves a blob by its hash. A bad one is quarantined.
   *
   * @returns its path, or `undefined` where it is missing or was bad
   * @throws MagnificError `CACHE_FAILED` for what Git LFS left in place of the bytes: they are paid for, and elsewhere
   */
  verify(sha256: string): string | undefined
}

/**
 * The blobs under a cache directory.
 *
 * @param warn is told of damage
 */
export function createBlobStore(
  layout: Layout,
  memo: Memo,
  warn: (message: string) => void = () => {},
): BlobStore {
  const path = (sha256: string): string => shardedPath(layout.blobs, sha256)
  return {
    path,
    create: async () => createIncomingBlob(layout, path, memo),
    verify: (sha256) => {
      const file = path(sha256)
      if (memo.find(file) === sha256) return file
      try {
        if (hashFile(file) === sha256) {
          memo.remember(file, sha256)
          return file
        }
        // Set aside, it would be gone from the next commit, and the bytes with it.
        if (isPointer(file)) throw pointerError(file)
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
      const target = quarantine(layout, file)
      warn(
        `The paid result ${file} is damaged, and was set aside as ${target}. Where its task is known, it is fetched again without a new charge.`,
      )
      return undefined
    },
  }
}

/** Whether a file is what Git LFS has in place of one that was not fetched: https://git-lfs.com, `docs/spec.md`. */
export function isPointer(file: string): boolean {
  if (statSync(file).size >= 1024) return false
  return readFileSync(file, 'latin1').startsWith('version https://git-lfs.github.com/spec/v1')
}

function pointerError(file: string): MagnificError {
  return new MagnificError(
    'CACHE_FAILED',
    `The paid result ${file} is not here, only Git LFS's pointer to it. Run \`git lfs pull\` (in CI, check out with LFS), and build again. Nothing is bought in its place.`,
  )
}

async function createIncomingBlob(
  layout: Layout,
  path: (sha256: string) => string,
  memo: Memo,
): Promise<IncomingBlob> {
  const { file, handle } = await openTmp(layout.tmp)
  const hash = createHash('sha256')
  let bytes = 0
  let sha256: string | undefined
  let state: 'open' | 'finished' | 'kept' | 'discarded' = 'open'

  return {
    file,
    write: async (chunk) => {
      await writeAll(handle, chunk)
      hash.update(chunk)
      bytes += chunk.length
    },
    finish: async () => {
      await handle.sync()
      await handle.close()
      state = 'finished'
      sha256 = hash.digest('hex')
      return { sha256, bytes }
    },
    keep: async () => {
      if (state !== 'finished' || !sha256) throw new Error('Only a finished blob can be kept.')
      const target = path(sha256)
      await moveFile(file, target)
      state = 'kept'
      memo.remember(target, sha256)
      return target
    },
    discard: async () => {
      if (state === 'kept' || state === 'discarded') return
      const wasOpen = state === 'open'
      state = 'discarded'
      // What stays is cleared away another day.
      if (wasOpen) await handle.close().catch(() => {})
      await rm(file, { force: true }).catch(() => {})
    },
  }
}
