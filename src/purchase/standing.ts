import { sha256Pattern } from '../core/patterns.ts'
import { mayBePaid } from '../store/attempt.ts'
import { isVoidedBy } from '../store/journal.ts'
import type { KnownResult } from '../store/known-results.ts'
import type { ResultRecord } from '../store/records.ts'
import { taskOf } from './state.ts'

/**
 * What is here of a result:
 * - `whole`: its record and its bytes
 * - `unwritten`: its bytes, by the journal's word; the record is lost, or is that of other bytes which are
 * - `owed`: a task that made it, or is about to
 * - `lost`: it was here, and nothing of it is left that it could be had by
 * - `none`: there was none yet, or somebody has decided that it does not count
 */
export type Standing =
  | { kind: 'whole'; record: ResultRecord }
  | { kind: 'unwritten'; sha256: string }
  | { kind: 'owed'; task: string }
  | { kind: 'lost' }
  | { kind: 'none' }

/**
 * Tells what is here of a result, as a build would find it.
 *
 * @param hasBlob whether bytes are here, and good
 */
export function findStanding(known: KnownResult, hasBlob: (sha256: string) => boolean): Standing {
  const { attempt, record } = known
  if (record && hasBlob(record.result.sha256)) return { kind: 'whole', record }
  const isCompleted = attempt?.outcome?.kind === 'completed' && attempt.voided === undefined
  const sha256 = (isCompleted && attempt.outcome?.sha256) || ''
  if (sha256Pattern.test(sha256) && hasBlob(sha256)) return { kind: 'unwritten', sha256 }
  const { task, isClosed } = findTask(known)
  if (task !== undefined) return { kind: 'owed', task }
  return (record && !isClosed) || isCompleted ? { kind: 'lost' } : { kind: 'none' }
}

/** The task that a build would take up; and whether there is none because that is how it ended. */
function findTask({ attempt, attempts, record }: KnownResult): {
  task?: string
  isClosed?: boolean
} {
  const known = record?.task ? record.task : undefined
  const isVoided = known !== undefined && isVoidedBy(attempts, known)
  const isKnown = known !== undefined && !isVoided
  const task = attempt && taskOf(attempt)
  if (attempt && mayBePaid(attempt) && (task !== undefined || !isKnown)) {
    if (attempt.outcome?.kind === 'failed') return { isClosed: true }
    return task === undefined ? { isClosed: true } : { task }
  }
  return isKnown ? { task: known } : { isClosed: isVoided }
}
