import { existsSync } from 'node:fs'
import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Refusal } from '../store/archive-reader.ts'
import { chooseAttempt, mayBePaid, numberOf } from '../store/attempt.ts'
import type { Attempt } from '../store/attempt.ts'
import type { BlobStore } from '../store/blobs.ts'
import { listFiles, parseCachePath } from '../store/cache-paths.ts'
import { createFileOnce, moveFile, moveFolder, syncFile } from '../store/files.ts'
import type { Journal } from '../store/journal.ts'
import { readKnownResult } from '../store/known-results.ts'
import { shardedPath } from '../store/layout.ts'
import type { Layout } from '../store/layout.ts'
import type { RecordStore } from '../store/records.ts'
import { pathOf, readAttempts, readRecord } from './staged.ts'
import type { Stage } from './staged.ts'
import { findStanding } from './standing.ts'
import { taskOf } from './state.ts'

/** What came of an archive. */
export interface Imported {
  /** Results that were not here. */
  results: number
  /** Results that were. */
  there: number
  /** What was paid for, or decided by a person, and has no bytes in the archive. */
  attempts: number
  refused: Refusal[]
}

/** What is imported into. */
export interface ImportContext {
  layout: Layout
  blobs: BlobStore
  journal: Journal
  records: RecordStore
}

/**
 * Takes over what was read of an archive, fingerprint by fingerprint: bytes, journal, record, each created once. Nothing
 * that is here is altered, and whatever moment this is ended at, doing it again completes it.
 *
 * @param stage a cache directory of its own, in the same file system; what is taken is moved out of it
 */
export async function importStaged(stage: Layout, context: ImportContext): Promise<Imported> {
  const imported: Imported = { results: 0, there: 0, attempts: 0, refused: [] }
  const paths = new Set<string>()
  const fingerprints = new Set<string>()
  for (const { path } of await listFiles(stage.dir, [stage.results, stage.journal])) {
    const part = parseCachePath(path)
    if (!part || part.kind === 'blob') continue
    paths.add(path)
    fingerprints.add(part.fingerprint)
  }
  for (const fingerprint of [...fingerprints].toSorted()) {
    await importResult(fingerprint, { layout: stage, paths }, context, imported)
  }
  return imported
}

async function importResult(
  fingerprint: string,
  stage: Stage,
  context: ImportContext,
  imported: Imported,
): Promise<void> {
  const { records, layout } = context
  const { refused } = imported
  const wasHere = await isHere(fingerprint, context)
  const attempts = await readAttempts(fingerprint, stage, context.blobs, refused)
  const record = await readRecord(fingerprint, stage, context.blobs, refused)
  const hashes = new Set(attempts.flatMap(listCompleted))
  if (record) hashes.add(record.sha256)
  // Without the bytes, a record and an outcome would promise what is not here.
  for (const sha256 of hashes) await takeBlob(sha256, stage, context)
  let added = 0
  for (const attempt of attempts) if (await takeAttempt(attempt, fingerprint, context)) added++
  if (record) await createFileOnce(layout.tmp, records.path(fingerprint), record.text)

  const hasBytes = [...hashes].some((sha256) => context.blobs.verify(sha256) !== undefined)
  if (!hasBytes) imported.attempts += added
  else if (wasHere) imported.there++
  else if (await isHere(fingerprint, context)) imported.results++
  else {
    const why = 'another record is here, of bytes that are gone: run magnific verify first'
    refused.push({ path: pathOf(fingerprint), why })
  }
}

/** Whether a build finds a result without asking anybody. */
async function isHere(fingerprint: string, context: ImportContext): Promise<boolean> {
  const known = await readKnownResult(fingerprint, context)
  const { kind } = findStanding(known, (sha256) => context.blobs.verify(sha256) !== undefined)
  return kind === 'whole' || kind === 'unwritten'
}

/** The bytes that an attempt says it has got. */
function listCompleted({ outcome, voided }: Attempt): string[] {
  const isCompleted = outcome?.kind === 'completed' && voided === undefined
  return isCompleted && outcome.sha256 !== undefined ? [outcome.sha256] : []
}

/** Moves bytes to their place, unless they are there. */
async function takeBlob(
  sha256: string,
  { layout }: Stage,
  { blobs }: ImportContext,
): Promise<void> {
  const staged = shardedPath(layout.blobs, sha256)
  if (!existsSync(staged) || blobs.verify(sha256) !== undefined) return
  await syncFile(staged)
  await moveFile(staged, blobs.path(sha256))
}

/**
 * Takes over an attempt, unless it is here: under its own number where that is free, else under the next one, if anything
 * was paid for it.
 *
 * @returns whether something of it is new here
 */
async function takeAttempt(
  attempt: Attempt,
  fingerprint: string,
  { layout, journal }: ImportContext,
): Promise<boolean> {
  if (!mayBePaid(attempt) && attempt.voided === undefined) return false
  await settle(attempt)
  const folder = shardedPath(layout.journal, fingerprint)
  for (;;) {
    const ours = await journal.readAttempts(fingerprint)
    const same = ours.find((each) => isSame(each, attempt))
    if (same) return completeAttempt(same, attempt, journal)
    if (ours.length > 0 && !isWanted(attempt, ours)) return false
    const newest = ours.at(-1)
    const number = newest ? numberOf(newest) + 1 : numberOf(attempt)
    const target = join(folder, String(number).padStart(4, '0'))
    if (await moveFolder(attempt.folder, target)) return true
    // Somebody has taken that number meanwhile.
  }
}

/** Its files last; and nobody who owns it elsewhere is alive here: the heartbeat stood still when it began. */
async function settle({ folder, owner }: Attempt): Promise<void> {
  for (const name of await readdir(folder)) await syncFile(join(folder, name))
  const at = new Date(owner?.at ?? 0)
  const then = Number.isNaN(at.getTime()) ? new Date(0) : at
  if (owner) await utimes(join(folder, 'owner'), then, then)
}

/** Whether an attempt is one that is here, under whichever number. */
function isSame(ours: Attempt, theirs: Attempt): boolean {
  const nonce = theirs.owner?.nonce
  if (nonce !== undefined && ours.owner?.nonce === nonce) return true
  const task = taskOf(theirs)
  if (task !== undefined) return taskOf(ours) === task
  return (
    nonce === undefined &&
    ours.owner === undefined &&
    ours.decided?.at === theirs.decided?.at &&
    ours.response === theirs.response
  )
}

/**
 * Whether another attempt says anything beside those that are here: the newest one that may be paid for counts, and must
 * not hide one that knows more.
 */
function isWanted(theirs: Attempt, ours: readonly Attempt[]): boolean {
  if (!mayBePaid(theirs)) return false
  const chosen = chooseAttempt(ours)
  const knowsTask = chosen !== undefined && mayBePaid(chosen) && taskOf(chosen) !== undefined
  const isDeadEnd = taskOf(theirs) === undefined || theirs.outcome?.kind === 'failed'
  return !(knowsTask && chosen.outcome?.kind !== 'failed' && isDeadEnd)
}

/** Writes what is not known here yet of an attempt that is. */
async function completeAttempt(
  ours: Attempt,
  { response, task, outcome }: Attempt,
  journal: Journal,
): Promise<boolean> {
  if (ours.voided !== undefined) return false
  const missing = [
    response !== undefined && ours.response === undefined,
    task !== undefined && ours.task === undefined,
    outcome !== undefined && outcome.kind !== 'rejected' && ours.outcome === undefined,
  ]
  const [hasResponse, hasTask, hasOutcome] = missing
  if (hasResponse && response !== undefined) await journal.writeResponse(ours, response)
  if (hasTask && task !== undefined) await journal.writeTask(ours, task)
  if (hasOutcome && outcome) await journal.writeOutcome(ours, outcome)
  return missing.includes(true)
}
