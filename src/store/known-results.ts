import { sha256Pattern } from '../core/patterns.ts'
import { chooseAttempt } from './attempt.ts'
import type { Attempt } from './attempt.ts'
import type { Journal } from './journal.ts'
import type { RecordStore, ResultRecord } from './records.ts'

/** All that a cache directory knows of one fingerprint. */
export interface KnownResult {
  fingerprint: string
  /** Oldest first. */
  attempts: readonly Attempt[]
  /** The attempt that counts. Missing where the record is all that is left. */
  attempt: Attempt | undefined
  /** Missing where there is no result yet, or not any more. */
  record: ResultRecord | undefined
}

/** What is known of one fingerprint at this moment. */
export async function readKnownResult(
  fingerprint: string,
  { journal, records }: { journal: Journal; records: RecordStore },
): Promise<KnownResult> {
  const attempts = await journal.readAttempts(fingerprint)
  const record = await records.find(fingerprint)
  return { fingerprint, attempts, attempt: chooseAttempt(attempts), record }
}

/** So many are read at once: a cache may hold thousands, and a system opens only so many files. */
const readAtOnce = 32

/** Everything that was attempted or stored, sorted by fingerprint. */
export async function* listKnownResults(stores: {
  journal: Journal
  records: RecordStore
}): AsyncGenerator<KnownResult, void> {
  const { journal, records } = stores
  const fingerprints = new Set([...(await journal.listFingerprints()), ...(await records.list())])
  // What else lies between the records is no fingerprint.
  const sorted = [...fingerprints].filter((name) => sha256Pattern.test(name)).toSorted()
  for (let from = 0; from < sorted.length; from += readAtOnce) {
    const some = sorted.slice(from, from + readAtOnce)
    yield* await Promise.all(some.map(async (name) => readKnownResult(name, stores)))
  }
}
