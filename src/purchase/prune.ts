import { existsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { sha256Pattern } from '../core/patterns.ts'
import { isClosed, mayBePaid } from '../store/attempt.ts'
import type { Attempt } from '../store/attempt.ts'
import type { BlobStore } from '../store/blobs.ts'
import { listFiles, parseCachePath } from '../store/cache-paths.ts'
import { removeFolder } from '../store/files.ts'
import type { Journal } from '../store/journal.ts'
import { listKnownResults, readKnownResult } from '../store/known-results.ts'
import type { KnownResult } from '../store/known-results.ts'
import { shardedPath } from '../store/layout.ts'
import type { Layout } from '../store/layout.ts'
import type { RecordStore } from '../store/records.ts'
import { findStanding } from './standing.ts'
import { stateOf, taskOf } from './state.ts'

const hour = 60 * 60_000
const day = 24 * hour

/** What is to go; what is left out does not matter. Where both are given, both must hold. */
export interface PruneCriteria {
  /** The fingerprints of results that are wanted. */
  referenced?: ReadonlySet<string> | undefined
  /** Whose results those are: what another service made has another fingerprint, whatever refers to it. See `serviceOf`. */
  service: string
  /** Results that were bought before this go, ms since 1970. */
  before?: number | undefined
  /** ms since 1970 */
  now: number
}

/** What results are pruned in. */
export interface PruneContext {
  layout: Layout
  blobs: BlobStore
  journal: Journal
  records: RecordStore
}

/** A result that goes. */
export interface PrunedResult {
  fingerprint: string
  /** The source's path in the project; an empty text where nobody knows it. */
  file: string
  /** When it was bought, ISO 8601; an empty text where nobody knows it. */
  completedAt: string
  /** SHA-256 of its bytes, where they are here: the record and the journal may know different ones. */
  hashes: string[]
  bytes: number
}

/** What would go. */
export interface PrunePlan {
  results: PrunedResult[]
  /** Paid bytes that no record and no journal knows of any more, by their hash. */
  orphans: { sha256: string; bytes: number }[]
  /** Folders of attempts that nothing was charged for. */
  attempts: string[]
  /** How many results stay for another reason than the criteria. */
  kept: Record<'pending' | 'ambiguous' | 'submitting' | 'failed' | 'young' | 'elsewhere', number>
}

/**
 * Looks what may go. Results that are pending, ambiguous or being submitted never do, nor what failed: buying it again is
 * for a person to decide.
 */
export async function planPrune(
  criteria: PruneCriteria,
  context: PruneContext,
): Promise<PrunePlan> {
  const { layout } = context
  const kept = { pending: 0, ambiguous: 0, submitting: 0, failed: 0, young: 0, elsewhere: 0 }
  const plan: PrunePlan = { results: [], orphans: [], attempts: [], kept }
  const named = new Set<string>()
  const sizes = new Map<string, { bytes: number; changedAt: number }>()
  for (const { file, path } of await listFiles(layout.dir, [layout.blobs])) {
    const part = parseCachePath(path)
    const stats = await stat(file).catch(() => undefined)
    if (part?.kind === 'blob' && stats) {
      sizes.set(part.sha256, { bytes: stats.size, changedAt: stats.mtimeMs })
    }
  }
  for await (const known of listKnownResults(context)) {
    for (const sha256 of listHashes(known)) named.add(sha256)
    plan.attempts.push(...listWorthless(known, criteria.now))
    const verdict = await judgeResult(known, criteria, context)
    if (verdict === 'goes') {
      const hashes = listHashes(known).filter((hash) => sizes.has(hash))
      const bytes = hashes.reduce((sum, hash) => sum + (sizes.get(hash)?.bytes ?? 0), 0)
      plan.results.push({ ...describe(known), hashes, bytes })
    } else if (verdict !== 'stays') kept[verdict]++
  }
  if (criteria.referenced || criteria.before !== undefined) {
    for (const [sha256, { bytes, changedAt }] of sizes) {
      // Bytes are there before their record is: whoever brings them in may be at it.
      const isOld = changedAt < Math.min(criteria.now - day, criteria.before ?? Infinity)
      if (!named.has(sha256) && isOld) plan.orphans.push({ sha256, bytes })
    }
  }
  return plan
}

/**
 * Removes a result, unless something has happened to it: first its journal, at once, then its record. Whatever moment this
 * is ended at, the result is either whole or gone, and its bytes go last: see `removeBlobs`.
 *
 * @returns whether it is gone
 */
export async function removeResult(
  fingerprint: string,
  criteria: PruneCriteria,
  context: PruneContext,
): Promise<boolean> {
  const { layout, journal, records } = context
  const known = await readKnownResult(fingerprint, context)
  if ((await judgeResult(known, criteria, context)) !== 'goes') return false
  if (known.attempts.length > 0) {
    await removeFolder(layout.tmp, shardedPath(layout.journal, fingerprint))
  }
  // Somebody may have begun anew since.
  if ((await journal.readAttempts(fingerprint)).length > 0) return false
  await rm(records.path(fingerprint), { force: true })
  return true
}

/**
 * Removes bytes that nothing refers to by now.
 *
 * @returns the hashes of those that are gone
 */
export async function removeBlobs(
  hashes: ReadonlySet<string>,
  context: PruneContext,
): Promise<string[]> {
  const wanted = new Set<string>()
  if (hashes.size > 0) {
    for await (const known of listKnownResults(context)) {
      for (const sha256 of listHashes(known)) wanted.add(sha256)
    }
  }
  const gone = [...hashes].filter((sha256) => !wanted.has(sha256))
  for (const sha256 of gone) await rm(context.blobs.path(sha256), { force: true })
  return gone
}

/** Removes an attempt that nothing was charged for, unless something has come of it. */
export async function removeAttempt(
  folder: string,
  { layout, journal }: PruneContext,
): Promise<boolean> {
  const names = await readdir(folder).catch(() => [])
  if (names.length === 0) return false
  const attempt = await journal.reread({ folder } as Attempt)
  if (mayBePaid(attempt) || !isClosed(attempt)) return false
  await removeFolder(layout.tmp, folder)
  return true
}

/** Whether a result goes, or why it stays. */
async function judgeResult(
  known: KnownResult,
  { referenced, service, before, now }: PruneCriteria,
  { blobs, records }: PruneContext,
): Promise<'goes' | 'stays' | keyof PrunePlan['kept']> {
  const states = known.attempts.map((attempt) => stateOf(attempt, now))
  for (const state of ['submitting', 'ambiguous', 'pending'] as const) {
    if (states.includes(state)) return state
  }
  if (known.attempt && stateOf(known.attempt, now) === 'failed') return 'failed'
  if (!isRemovable(known, blobs)) return 'stays'
  if (!referenced && before === undefined) return 'stays'
  if (referenced?.has(known.fingerprint)) return 'stays'
  const madeBy = known.record?.service ?? known.attempt?.owner?.subject.service
  if (referenced && madeBy !== service) return 'elsewhere'
  const boughtAt = await findTime(known, records)
  if (before !== undefined && !(boughtAt < before)) return 'stays'
  // A build that is running may be using it.
  return boughtAt > now - hour ? 'young' : 'goes'
}

/** Whether a result is there once and for all, so that no step of removing it leaves something else. */
function isRemovable(known: KnownResult, blobs: BlobStore): boolean {
  const { attempt, record } = known
  const standing = findStanding(known, (sha256) => existsSync(blobs.path(sha256)))
  if (standing.kind === 'whole' || standing.kind === 'unwritten') return true
  if (standing.kind !== 'owed') return false
  // Its bytes are gone: whichever of its journal and its record is left for a moment must tell the same task.
  const isCompleted = !attempt || attempt.outcome?.kind === 'completed'
  return isCompleted && (!record || !attempt || record.task === taskOf(attempt))
}

/** When a result was bought, ms since 1970. */
async function findTime(known: KnownResult, records: RecordStore): Promise<number> {
  const time = Date.parse(describe(known).completedAt)
  if (!Number.isNaN(time)) return time
  const stats = await stat(records.path(known.fingerprint)).catch(() => undefined)
  return stats?.mtimeMs ?? Number.POSITIVE_INFINITY
}

function describe({
  fingerprint,
  record,
  attempt,
}: KnownResult): Pick<PrunedResult, 'fingerprint' | 'file' | 'completedAt'> {
  return {
    fingerprint,
    file: attempt?.owner?.subject.file ?? record?.source.name ?? '',
    completedAt: record?.completedAt ?? attempt?.outcome?.at ?? '',
  }
}

/** The bytes that a result refers to, in whichever way. */
function listHashes({ record, attempts }: KnownResult): string[] {
  const hashes = [record?.result.sha256, ...attempts.map(({ outcome }) => outcome?.sha256)]
  return [...new Set(hashes.filter((hash = '') => sha256Pattern.test(hash)) as string[])]
}

/**
 * Attempts that nothing was charged for, a day ago or longer. The newest one of a fingerprint stays: all who open the next
 * one count from it, and two who counted differently would both buy.
 */
function listWorthless({ attempts, record }: KnownResult, now: number): string[] {
  return (
    attempts
      .slice(0, -1)
      .filter((attempt) => isClosed(attempt) && !mayBePaid(attempt))
      // A void attempt keeps the task of a record from being taken up.
      .filter(({ voided }) => voided === undefined || !record)
      .filter((attempt) => lastTime(attempt) < now - day)
      .map(({ folder }) => folder)
  )
}

function lastTime({ owner, decided, outcome, voided, beat }: Attempt): number {
  const times = [owner?.at, decided?.at, outcome?.at, voided].map((at) => Date.parse(at ?? ''))
  return Math.max(beat, ...times.filter((time) => !Number.isNaN(time)))
}
