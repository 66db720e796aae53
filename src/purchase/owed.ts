import type { Client } from '../api/client.ts'
import { MagnificError } from '../core/errors.ts'
import { scaleOf } from '../core/params.ts'
import type { Journal } from '../store/journal.ts'
import type { KnownResult } from '../store/known-results.ts'
import type { RecordStore, ResultRecord } from '../store/records.ts'
import { collectResult } from './collect.ts'
import type { CollectContext } from './collect.ts'
import { findOrigin } from './origin.ts'
import type { Origin, OriginContext } from './origin.ts'
import { taskOf } from './state.ts'

/** What results are brought home with. */
export type OwedContext = Omit<CollectContext, 'alpha' | 'spare' | 'downloads'> &
  OriginContext & { journal: Journal; records: RecordStore }

/** A result that was brought home. */
export interface Fetched {
  result: ResultRecord['result']
  /** Missing where nobody knows what it was made from: a build that does makes it of the journal and the bytes. */
  record: ResultRecord | undefined
}

/**
 * Waits for a task that is paid for and brings its result home, whether the source is there or not: bytes, record and
 * outcome, as a build would leave them. Nothing is submitted.
 *
 * @returns `undefined` where somebody has decided meanwhile that it does not count
 * @throws MagnificError as `collectResult`; the error of node:fs where the cache directory does not take it
 */
export async function fetchOwed(
  known: KnownResult,
  task: string,
  client: Client,
  context: OwedContext,
  signal: AbortSignal,
): Promise<Fetched | undefined> {
  const { clock, journal, records } = context
  const { fingerprint } = known
  const startedAt = clock.now()
  const origin = await findOrigin(known, context)
  const { params = {}, source, file = `task ${task}`, sent, alpha } = origin ?? {}
  // Its attempt is not always the one that counts, nor has it always one.
  const attempt = known.attempts.findLast((each) => taskOf(each) === task)
  const close = async (kind: 'completed' | 'failed', more: object): Promise<void> => {
    const at = new Date(clock.now()).toISOString()
    if (attempt && !attempt.outcome) await journal.writeOutcome(attempt, { kind, at, ...more })
  }
  try {
    const transparent = source?.transparent
    const collection = { task, file, sent, transparent, scale: scaleOf(params), estimate: 0 }
    const { result } = await collectResult(
      collection,
      client,
      // Who asks for results limits how many are asked for at once.
      { ...context, alpha: alpha ?? 'join', downloads: async (work) => work() },
      signal,
    )
    if (attempt && (await journal.reread(attempt)).voided !== undefined) return undefined
    const seconds = Math.round((clock.now() - startedAt) / 100) / 10
    const completedAt = new Date(clock.now()).toISOString()
    const record =
      origin && composeFetched(fingerprint, origin, { result, task, seconds, completedAt })
    if (record && !(await isWritten(record, records))) await records.put(record)
    await close('completed', { sha256: result.sha256 })
    return { result, record }
  } catch (error) {
    if (error instanceof MagnificError && error.code === 'TASK_FAILED') {
      await close('failed', { reason: error.text })
    }
    throw error
  }
}

/** The record of a result that nobody came with an order for. */
export function composeFetched(
  fingerprint: string,
  { file: _file, sent: _sent, ...origin }: Origin,
  completion: Pick<ResultRecord, 'result' | 'task' | 'seconds' | 'completedAt'>,
): ResultRecord {
  return { version: 1, fingerprint, ...origin, ...completion }
}

/** A build that has the source may have been faster, and knows more. */
async function isWritten(
  { fingerprint, result, source }: ResultRecord,
  records: RecordStore,
): Promise<boolean> {
  const there = await records.find(fingerprint)
  return (
    there?.result.sha256 === result.sha256 &&
    (there.source.bytes !== undefined || source.bytes === undefined)
  )
}
