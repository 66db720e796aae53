import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { sha256Pattern } from '../core/patterns.ts'
import type { ArchiveEntry } from '../store/archive-writer.ts'
import { mayBePaid } from '../store/attempt.ts'
import type { Attempt } from '../store/attempt.ts'
import type { BlobStore } from '../store/blobs.ts'
import { attemptFiles } from '../store/cache-paths.ts'
import { hashFile, isMissing } from '../store/files.ts'
import type { Journal } from '../store/journal.ts'
import { listKnownResults } from '../store/known-results.ts'
import type { KnownResult } from '../store/known-results.ts'
import type { Layout } from '../store/layout.ts'
import { isOfItsFingerprint } from '../store/records.ts'
import type { RecordStore } from '../store/records.ts'

/** What went into an archive. */
export interface Exported {
  /** Results, with their bytes. */
  results: number
  /** What was paid for, or decided by a person, and has no bytes here. */
  attempts: number
  /** Of the paid bytes. */
  bytes: number
  leftOut: { fingerprint: string; file: string; what: string }[]
}

/** What is exported from. */
export interface ExportContext {
  layout: Layout
  blobs: BlobStore
  journal: Journal
  records: RecordStore
}

/**
 * What goes into an archive of the cache, result by result and always in the same order: bytes, journal, record, so that of
 * an archive that is cut off, all results but the last are whole.
 *
 * @param exported is filled in as it goes
 */
export async function* listExported(
  context: ExportContext,
  exported: Exported,
): AsyncGenerator<ArchiveEntry, void> {
  const written = new Set<string>()
  for await (const known of listKnownResults(context)) {
    const { fingerprint, record, attempt, attempts } = known
    const leaveOut = (what: string): void => {
      const file = attempt?.owner?.subject.file ?? record?.source.name ?? ''
      exported.leftOut.push({ fingerprint, file, what })
    }
    const isRight = record && isOfItsFingerprint(record)
    if (record && !isRight) leaveOut('its record is that of another image')
    const wanted = listWanted(known)
    const here = new Set<string>()
    for (const sha256 of wanted) {
      const file = context.blobs.path(sha256)
      const problem = written.has(sha256) ? undefined : findProblem(file, sha256)
      // Bytes that only the journal knows are those of an earlier download, unless there is no record.
      const isNeeded = sha256 === record?.result.sha256 || !record
      if (problem === undefined) here.add(sha256)
      if (problem !== undefined && isNeeded) leaveOut(problem)
      if (problem !== undefined || written.has(sha256)) continue
      written.add(sha256)
      const { size } = await stat(file)
      exported.bytes += size
      yield {
        path: `v1/blobs/${sha256.slice(0, 2)}/${sha256}`,
        size,
        read: () => readBlob(file, sha256),
      }
    }
    // What costs nothing to forget is forgotten.
    const kept = attempts.filter((each) => mayBePaid(each) || each.voided !== undefined)
    for (const each of kept) yield* listAttempt(fingerprint, each)
    if (isRight && here.has(record.result.sha256)) yield* listRecord(fingerprint, context)
    if (here.size > 0) exported.results++
    else if (kept.length > 0) exported.attempts++
  }
}

/** The bytes that a result is made of; nothing that a person has decided against. */
function listWanted({ record, attempts }: KnownResult): Set<string> {
  const outcomes = attempts.map(({ outcome, voided }) =>
    voided === undefined && outcome?.kind === 'completed' ? outcome.sha256 : undefined,
  )
  const hashes = [record?.result.sha256, ...outcomes]
  return new Set(hashes.filter((hash = '') => sha256Pattern.test(hash)) as string[])
}

/** @returns what is wrong with bytes, as a clause */
function findProblem(file: string, sha256: string): string | undefined {
  try {
    return hashFile(file) === sha256 ? undefined : 'its bytes are damaged'
  } catch (error) {
    return isMissing(error) ? 'its bytes are gone' : (error as Error).message
  }
}

async function* readBlob(file: string, sha256: string): AsyncGenerator<Buffer, void> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    yield chunk
  }
  if (hash.digest('hex') === sha256) return
  throw new MagnificError('CACHE_FAILED', `${file} changed while it was read. Export once more.`)
}

async function* listAttempt(
  fingerprint: string,
  attempt: Attempt,
): AsyncGenerator<ArchiveEntry, void> {
  const shard = fingerprint.slice(0, 2)
  const number = basename(attempt.folder)
  const known: Partial<Record<(typeof attemptFiles)[number], unknown>> = {
    ...attempt,
    void: attempt.voided,
  }
  for (const name of attemptFiles) {
    // What cannot be read says nothing to others either.
    if (known[name] === undefined) continue
    const path = `v1/journal/${shard}/${fingerprint}/${number}/${name}`
    const bytes = await readFile(join(attempt.folder, name))
    yield { path, size: bytes.length, read: () => [bytes] }
  }
}

async function* listRecord(
  fingerprint: string,
  { records }: ExportContext,
): AsyncGenerator<ArchiveEntry, void> {
  const bytes = await readFile(records.path(fingerprint))
  const path = `v1/results/${fingerprint.slice(0, 2)}/${fingerprint}.json`
  yield { path, size: bytes.length, read: () => [bytes] }
}
