import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { dirname, join } from 'node:path'
import { hashFile } from './files.ts'
import type { Layout } from './layout.ts'

/**
 * What this machine knows of its files: which SHA-256 belongs to a file whose inode, size and times have not
 * changed. Losing it costs a hash for each file and nothing else.
 */
export interface Memo {
  /**
   * SHA-256 of a file's bytes, from the memo or by hashing.
   *
   * @throws the error of node:fs where the file cannot be read
   */
  hash(file: string): string
  /** The SHA-256 of a file that is unchanged since it was remembered, else `undefined`. */
  find(file: string): string | undefined
  /** Remembers a file of our own, whose bytes were just written or checked. */
  remember(file: string, sha256: string): void
  /** Writes what is new to the disk. Never throws: a memo that cannot be kept is only slower. */
  save(): void
}

/** File path → [stat signature, SHA-256] */
type Entries = Record<string, [signature: string, sha256: string]>

/** Timestamps of some file systems are as coarse as this, ms. */
const coarsestTimestamp = 2000
/** Beyond so many entries, those that were not used are dropped on saving. */
const plenty = 20_000

/** Reads the memo at its first use. A memo that cannot be parsed is an empty one. */
export function createMemo(layout: Layout, now: () => number = Date.now): Memo {
  let entries: Entries | undefined
  let dirty = false
  const used = new Set<string>()

  const load = (): Entries => (entries ??= readEntries(layout.memo))
  const find = (file: string, stats: BigIntStats): string | undefined => {
    const entry = load()[file]
    if (!entry || entry[0] !== signatureOf(stats)) return undefined
    used.add(file)
    return entry[1]
  }
  const remember = (file: string, stats: BigIntStats, sha256: string): void => {
    load()[file] = [signatureOf(stats), sha256]
    used.add(file)
    dirty = true
  }

  return {
    hash: (file) => {
      const before = statSync(file, { bigint: true })
      // Whoever opens a pipe waits for somebody who writes to it.
      if (!before.isFile()) throw new Error('not a file')
      const known = find(file, before)
      if (known) return known
      const sha256 = hashFile(file)
      const after = statSync(file, { bigint: true })
      // Git's rule for racily clean files: one that was changed as lately as its timestamps can tell
      // might change again without showing it, so it is hashed anew the next time.
      const changedAt = Number(after.mtimeMs > after.ctimeMs ? after.mtimeMs : after.ctimeMs)
      const settled = now() - changedAt > coarsestTimestamp
      if (settled && signatureOf(before) === signatureOf(after)) remember(file, after, sha256)
      return sha256
    },
    find: (file) => {
      const stats = statSync(file, { bigint: true, throwIfNoEntry: false })
      return stats && find(file, stats)
    },
    remember: (file, sha256) => remember(file, statSync(file, { bigint: true }), sha256),
    save: () => {
      if (!dirty || !entries) return
      dirty = false
      // Another process may have saved since; its entries are as good as ours.
      const merged = { ...readEntries(layout.memo), ...entries }
      const names = Object.keys(merged)
      if (names.length > plenty) {
        for (const name of names) if (!used.has(name)) delete merged[name]
      }
      try {
        writeEntries(layout, merged)
      } catch {
        // The next build hashes again.
      }
    },
  }
}

/** What tells that a file has changed, without reading it. */
export function signatureOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`
}

function readEntries(file: string): Entries {
  try {
    const { files } = JSON.parse(readFileSync(file, 'utf8')) as { files?: unknown }
    return typeof files === 'object' && files !== null ? (files as Entries) : {}
  } catch {
    return {}
  }
}

/** Atomic, but not fsynced: after a crash of the machine an empty memo is as good. */
function writeEntries(layout: Layout, files: Entries): void {
  mkdirSync(layout.tmp, { recursive: true })
  mkdirSync(dirname(layout.memo), { recursive: true })
  const tmp = join(layout.tmp, `memo-${process.pid}`)
  writeFileSync(tmp, JSON.stringify({ files }))
  renameSync(tmp, layout.memo)
}
