import type { Client } from '../api/client.ts'
import { MagnificError } from '../core/errors.ts'
import type { Journal } from '../store/journal.ts'
import { listKnownResults, readKnownResult } from '../store/known-results.ts'
import type { KnownResult } from '../store/known-results.ts'
import type { RecordStore, ResultRecord } from '../store/records.ts'
import type { BlobStore } from '../store/blobs.ts'
import { bringHome } from './bring-home.ts'
import type { BringHomeSettings, Ended } from './bring-home.ts'
import { shorten } from './errors.ts'
import { findOrigin, findService } from './origin.ts'
import type { OriginContext } from './origin.ts'
import type { OwedContext } from './owed.ts'
import { recoverKnown } from './recover.ts'
import { findStanding } from './standing.ts'
import { closeWhole, taskOf } from './state.ts'

/**
 * What was found out about a result:
 * - `repaired`: it is whole again
 * - `unrepaired`: it can be had again, and was not
 * - `lost`: it cannot be had again
 * - `odd`: it is whole, and something about it is not as it should be
 */
export interface Finding {
  kind: 'repaired' | 'unrepaired' | 'lost' | 'odd'
  fingerprint: string
  /** The source's path in the project; an empty text where nobody knows it. */
  file: string
  /** What was wrong and what was done, as a clause. */
  what: string
  /** What to do, where there is something to be done. */
  way?: string | undefined
}

/** What results are checked with. */
export type CheckContext = OriginContext & {
  blobs: BlobStore
  journal: Journal
  records: RecordStore
  /** Whether bytes are here, and good. */
  hasBlob: (sha256: string) => boolean
  /** Puts bytes in their place that were found elsewhere. */
  restore: (sha256: string) => Promise<boolean>
}

/** What became of all results, without asking the API. */
export interface CheckedResults {
  /** How many there are, those that are lost among them. */
  results: number
  /** Tasks that are paid for and were never here: nothing is wrong with them. */
  pending: number
  findings: Finding[]
  /** Those whose bytes are to be fetched, and by which task. */
  owed: { known: KnownResult; task: string }[]
}

/** Checks every record against its bytes and the journal, and writes anew what these know. */
export async function checkResults(context: CheckContext): Promise<CheckedResults> {
  const checked: CheckedResults = { results: 0, pending: 0, findings: [], owed: [] }
  for await (const known of listKnownResults(context)) await checkResult(known, context, checked)
  return checked
}

async function checkResult(
  known: KnownResult,
  context: CheckContext,
  checked: CheckedResults,
): Promise<void> {
  const { record, attempt, fingerprint } = known
  const note = async (kind: Finding['kind'], what: string, way?: string): Promise<void> => {
    const file = await nameSource(known, context)
    checked.findings.push({ kind, fingerprint, file, what, way })
  }
  for (const sha256 of [record?.result.sha256, attempt?.outcome?.sha256]) {
    if (sha256 === undefined || !(await context.restore(sha256))) continue
    await note('repaired', 'its bytes were found under another name')
  }
  const standing = findStanding(known, context.hasBlob)
  const wasHere = record !== undefined || attempt?.outcome?.kind === 'completed'
  if (standing.kind === 'whole') {
    checked.results++
    if (await closeWhole(known, standing.record, context.journal)) {
      await note('repaired', 'the journal did not know that it is here')
    }
    if (await nameTask(known, standing.record, context.journal)) {
      await note('repaired', 'the journal did not know its task')
    }
    const oddity = findOddity(known, standing.record)
    if (oddity !== undefined) await note('odd', oddity)
  } else if (standing.kind === 'unwritten') {
    checked.results++
    await rewrite(known, context, note)
  } else if (standing.kind === 'owed') {
    if (!wasHere) checked.pending++
    else {
      checked.results++
      checked.owed.push({ known, task: standing.task })
    }
  } else if (standing.kind === 'lost') {
    checked.results++
    await note('lost', 'its bytes are gone, and nobody knows its task', wayToBuy(fingerprint))
  }
}

/** Writes a record that is lost. */
async function rewrite(
  known: KnownResult,
  context: CheckContext,
  note: (kind: Finding['kind'], what: string, way?: string) => Promise<void>,
): Promise<void> {
  try {
    const record = await recoverKnown(known, context)
    if (record) await note('repaired', 'its record was lost, and is written anew')
    else {
      await note(
        'odd',
        'its record is lost, and the journal does not tell what it was made from',
        'build: whoever has the image writes its record, for free',
      )
    }
  } catch (error) {
    const reason = error instanceof MagnificError ? error.text : (error as Error).message
    await note('unrepaired', `its record is lost, and cannot be written anew: ${reason}`)
  }
}

/** Writes down the task of an attempt that has lost it, where its outcome says that it is the record's. */
async function nameTask(
  { attempt }: KnownResult,
  { task, result }: ResultRecord,
  journal: Journal,
): Promise<boolean> {
  if (!attempt || task === '' || attempt.voided !== undefined) return false
  if (taskOf(attempt) !== undefined || attempt.outcome?.sha256 !== result.sha256) return false
  return journal.writeTask(attempt, task)
}

/** What does not fit together without being wrong: merged caches may hold two purchases of one image. */
function findOddity({ attempts }: KnownResult, { task }: ResultRecord): string | undefined {
  const tasks = attempts.flatMap((attempt) => taskOf(attempt) ?? [])
  if (task === '' || tasks.length === 0 || tasks.includes(task)) return undefined
  return `it is the result of task ${task}, and the journal knows it as ${tasks.join(', ')}; look at the image`
}

/** Fetches what is to be had by its task, and tells what is not. */
export async function refetchResults(
  owed: CheckedResults['owed'],
  client: Client,
  context: CheckContext & Omit<OwedContext, 'deadline' | 'onPhase'>,
  settings: BringHomeSettings,
): Promise<Finding[]> {
  const fingerprints = owed.map(({ known }) => known.fingerprint)
  const ended = await bringHome(fingerprints, client, context, settings)
  return Promise.all(
    owed.map(async ({ known, task }) => {
      const { fingerprint } = known
      const file = await nameSource(known, context)
      const end = ended.find((each) => each.fingerprint === fingerprint)
      return { fingerprint, file, ...(await explainEnd(end, task, fingerprint, context)) }
    }),
  )
}

async function explainEnd(
  end: Ended | undefined,
  task: string,
  fingerprint: string,
  context: CheckContext,
): Promise<Pick<Finding, 'kind' | 'what' | 'way'>> {
  const gone = 'its bytes were gone or damaged'
  if (end?.kind === 'fetched') {
    return { kind: 'repaired', what: `${gone}, and were fetched again (task ${task})` }
  }
  if (end?.kind === 'waiting' || end?.kind === 'stopped') {
    const { error } = end
    const { code, text } =
      error instanceof MagnificError ? error : { code: '', text: error.message }
    const isLost = code === 'TASK_UNKNOWN' || code === 'TASK_FAILED'
    return isLost
      ? { kind: 'lost', what: `${gone}. ${text}`, way: wayToBuy(fingerprint, code) }
      : { kind: 'unrepaired', what: `${gone}. ${text}`, way: 'magnific verify once more' }
  }
  const now = await readKnownResult(fingerprint, context)
  const isWhole = findStanding(now, (sha256) => context.blobs.verify(sha256) !== undefined)
  return isWhole.kind === 'whole'
    ? { kind: 'repaired', what: `${gone}, and somebody else has fetched them` }
    : { kind: 'odd', what: `${gone}, and somebody has decided that it does not count` }
}

/** What is to be fetched and cannot be asked for, by whom it was bought. */
export function splitByService(
  owed: CheckedResults['owed'],
  service: string,
): { own: CheckedResults['owed']; foreign: CheckedResults['owed'] } {
  const isOwn = ({ known }: { known: KnownResult }): boolean =>
    (findService(known, service) ?? service) === service
  return { own: owed.filter(isOwn), foreign: owed.filter((each) => !isOwn(each)) }
}

/** The source of a result as people know it. */
export async function nameSource(known: KnownResult, context: OriginContext): Promise<string> {
  const { attempt, record } = known
  const subject = attempt?.owner?.subject
  return subject?.file ?? (await findOrigin(known, context))?.file ?? record?.source.name ?? ''
}

function wayToBuy(fingerprint: string, code = 'TASK_UNKNOWN'): string {
  const short = shorten(fingerprint)
  return code === 'TASK_FAILED'
    ? `magnific retry ${short}, and build again: it is bought anew, which is charged for`
    : `magnific resolve ${short} --void, and build again: it is bought anew, which is charged for`
}
