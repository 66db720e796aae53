import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { lacksOwner } from './attempt.ts'
import { isPointer } from './blobs.ts'
import { listFiles, parseCachePath } from './cache-paths.ts'
import type { FoundFile } from './cache-paths.ts'
import { createFileOnce, hashFile, isMissing, moveFile } from './files.ts'
import type { Journal } from './journal.ts'
import { shardedPath } from './layout.ts'
import type { Layout } from './layout.ts'
import type { Memo } from './memo.ts'
import { quarantine } from './quarantine.ts'
import { isOfItsFingerprint, parseRecord } from './records.ts'
import type { RecordStore, ResultRecord } from './records.ts'

/** A file that was bad, and where it is now. */
export interface SetAside {
  /** From the cache directory. */
  path: string
  /** Absolute; missing where it was left in its place, since it is nobody's or cannot be moved. */
  target?: string | undefined
  /** What is wrong with it, as a clause. */
  what: string
  /** Of the result that it belongs to, where its name tells. */
  fingerprint?: string | undefined
}

/** What is told while files are read. */
export type OnChecked = (checked: { bytes: number }) => void

/** What blobs turned out to be. */
export interface CheckedBlobs {
  /** The hashes of those that are good. */
  good: Set<string>
  setAside: SetAside[]
  /** Files that do not belong, from the cache directory. */
  strays: string[]
  /** Puts a blob in its place that was found under another name. */
  restore(sha256: string): Promise<boolean>
}

/** Hashes every blob, whatever the memo says, and tells the memo what is so. */
export async function checkBlobs(
  layout: Layout,
  memo: Memo,
  onChecked: OnChecked = () => {},
): Promise<CheckedBlobs> {
  const good = new Set<string>()
  const setAside: SetAside[] = []
  const strays: string[] = []
  /** By what they really hold. */
  const misplaced = new Map<string, string>()
  for (const found of await listFiles(layout.dir, [layout.blobs])) {
    const { file, path, isFile } = found
    if (isHidden(found)) continue
    const part = parseCachePath(path)
    if (!isFile) {
      strays.push(path)
      continue
    }
    const sha256 = await hashUnlessGone(file, setAside, path)
    if (sha256 === undefined) continue
    onChecked({ bytes: (await statSize(file)) ?? 0 })
    if (part?.kind !== 'blob') {
      strays.push(path)
      misplaced.set(sha256, file)
    } else if (part.sha256 === sha256) {
      good.add(sha256)
      memo.remember(file, sha256)
    } else if (isPointer(file)) {
      // It leads to the bytes: set aside, it would be gone from the next commit.
      setAside.push({ path, what: 'Git LFS has not fetched its bytes: `git lfs pull`' })
    } else {
      const target = quarantine(layout, file)
      setAside.push({ path, target, what: 'its bytes are not what its name says' })
      misplaced.set(sha256, target)
    }
  }
  return {
    good,
    setAside,
    strays,
    restore: async (sha256) => {
      const from = misplaced.get(sha256)
      if (good.has(sha256) || from === undefined) return false
      const target = shardedPath(layout.blobs, sha256)
      await moveFile(from, target)
      memo.remember(target, sha256)
      good.add(sha256)
      return true
    },
  }
}

/** What records turned out to be. */
export interface CheckedRecords {
  setAside: SetAside[]
  /** Files that do not belong, from the cache directory. */
  strays: string[]
  /** Fingerprints whose records were made good, and how. */
  repaired: { fingerprint: string; what: string }[]
}

/**
 * Reads every record. Those that say nothing, or something else than their name, are set aside; those that are good under
 * another name, or on one side of a conflict of git's, are put in their place where that is empty.
 *
 * @param hasBlob whether bytes are here, and good
 */
export async function checkRecords(
  layout: Layout,
  records: RecordStore,
  hasBlob: (sha256: string) => boolean,
): Promise<CheckedRecords> {
  const checked: CheckedRecords = { setAside: [], strays: [], repaired: [] }
  const kept: { record: ResultRecord; text: string; what: string }[] = []
  for (const found of await listFiles(layout.dir, [layout.results])) {
    const { file, path, isFile } = found
    if (isHidden(found)) continue
    const part = parseCachePath(path)
    const text = isFile ? await readUnlessGone(file) : ''
    if (text === undefined) continue
    const record = readOwn(text)
    if (part?.kind !== 'record') {
      if (record) kept.push({ record, text, what: 'it was under another name' })
      checked.strays.push(path)
      continue
    }
    const { fingerprint } = part
    if (record?.fingerprint === fingerprint) continue
    const sides = splitConflict(text).flatMap((side) => {
      const own = readOwn(side)
      return own ? [{ record: own, text: side, what: 'it was left in conflict by git' }] : []
    })
    const best = sides.find((side) => hasBlob(side.record.result.sha256)) ?? sides[0]
    if (best) kept.push(best)
    if (record) kept.push({ record, text, what: 'it was under another name' })
    const what = record ? 'it is the record of another image' : 'it cannot be read'
    checked.setAside.push({ path, target: quarantine(layout, file), what, fingerprint })
  }
  for (const { record, text, what } of kept) {
    const { fingerprint } = record
    if (await createFileOnce(layout.tmp, records.path(fingerprint), text)) {
      checked.repaired.push({ fingerprint, what })
    }
  }
  return checked
}

/** Reads every attempt, and tells what of it says nothing: files that are damaged, or that do not belong. */
export async function checkJournal(
  layout: Layout,
  journal: Journal,
): Promise<{ setAside: SetAside[]; strays: string[] }> {
  const setAside: SetAside[] = []
  const strays: string[] = []
  const named = new Map<string, Map<string, string>>()
  for (const found of await listFiles(layout.dir, [layout.journal])) {
    const part = parseCachePath(found.path)
    if (isHidden(found)) continue
    if (part?.kind !== 'attempt' || !found.isFile) strays.push(found.path)
    else {
      const paths = named.get(part.fingerprint) ?? new Map<string, string>()
      named.set(part.fingerprint, paths.set(`${part.number}/${part.name}`, found.path))
    }
  }
  for (const [fingerprint, paths] of named) {
    for (const attempt of await journal.readAttempts(fingerprint)) {
      const number = Number(basename(attempt.folder))
      for (const name of ['owner', 'task', 'outcome'] as const) {
        const path = paths.get(`${number}/${name}`)
        if (path === undefined || attempt[name] !== undefined) continue
        if (name === 'owner' && (await lacksOwner(attempt))) continue
        // Journals set aside by themselves what hides what else is known; an owner hides nothing.
        setAside.push({ path, what: `the journal's ${name} cannot be read`, fingerprint })
      }
    }
  }
  return { setAside, strays }
}

/** What else lies in the cache directory, from there. */
export async function findStrays(layout: Layout): Promise<string[]> {
  const known = [
    layout.results,
    layout.blobs,
    layout.journal,
    layout.budget,
    layout.variants,
    layout.memo,
    layout.tmp,
    layout.quarantine,
  ]
  const found = await listFiles(layout.dir, [layout.dir])
  return found
    .filter((each) => !isHidden(each))
    .filter(({ file }) => !known.some((path) => file === path || isBelow(file, path)))
    .map(({ path }) => path)
}

function isBelow(file: string, folder: string): boolean {
  return file.startsWith(folder) && /^[/\\]/.test(file.slice(folder.length))
}

/** `.DS_Store`, `.gitattributes` and their kin are nobody's business here. */
function isHidden({ path }: FoundFile): boolean {
  return basename(path).startsWith('.')
}

function readOwn(text: string): ResultRecord | undefined {
  const record = parseRecord(text)
  return record && isOfItsFingerprint(record) ? record : undefined
}

/** Both sides of a text that git could not merge; none where there is no conflict in it. */
function splitConflict(text: string): string[] {
  const conflict =
    /^<{7}[^\n]*\n(.*?)(?:^\|{7}[^\n]*\n.*?)?^={7}[^\n]*\n(.*?)^>{7}[^\n]*(?:\n|$)/gms
  const sides = [1, 2].map((side) => text.replaceAll(conflict, (...groups) => String(groups[side])))
  return sides[0] === text ? [] : sides
}

async function hashUnlessGone(
  file: string,
  setAside: SetAside[],
  path: string,
): Promise<string | undefined> {
  try {
    return hashFile(file)
  } catch (error) {
    if (!isMissing(error)) setAside.push({ path, what: (error as Error).message })
    return undefined
  }
}

async function readUnlessGone(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

async function statSize(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  )
}
