import type { Client } from '../api/client.ts'
import { PostError } from '../api/post.ts'
import type { RawAnswer } from '../api/post.ts'
import { readRetryAfter } from '../api/retry.ts'
import { judgeAnswer } from '../api/verdict.ts'
import { describeRefusal } from '../api/wire.ts'
import { MagnificError } from '../core/errors.ts'
import type { Attempt } from '../store/attempt.ts'
import { shorten } from './errors.ts'
import { rejectAttempt, settleAmbiguity } from './follow.ts'
import { changedError } from './image-body.ts'
import type { PreparedImage } from './image-body.ts'
import type { Order, PurchaseContext } from './order.ts'
import { formatNoAnswer, formatResponse } from './responses.ts'

/**
 * How one try ended that may be followed by another one:
 * - `lost`: somebody else has abandoned the attempt, and ours was broken off before its last byte
 * - `later`: the API asks to come back
 * - `unreachable`: the network failed before anything can have been charged
 */
export type Tried =
  | { kind: 'accepted'; task: string }
  | { kind: 'lost' }
  | { kind: 'later' | 'unreachable'; problem: string; wait?: number | undefined }

/**
 * Sends the image once, and writes down what came of it.
 *
 * @param attempt owned by this process
 * @throws MagnificError `API_REFUSED`, `SUBMIT_AMBIGUOUS`, `SOURCE_CHANGED`
 */
export async function tryAttempt(
  attempt: Attempt,
  order: Order,
  prepared: PreparedImage,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Tried> {
  let answer: RawAnswer
  try {
    answer = await post(attempt, order, prepared, client, context, signal)
  } catch (error) {
    if (error instanceof PostError && error.committed) {
      // So that nobody waits for an answer that will not come.
      await context.journal.writeResponse(attempt, formatNoAnswer(error.message)).catch(() => {})
      const what = `no answer came (${error.message})`
      const task = await settleAmbiguity(attempt, what, order, client, context, signal, error)
      return { kind: 'accepted', task }
    }
    if (error instanceof LostRaceError) return { kind: 'lost' }
    await closeUnsent(attempt, error as Error, context)
    if (!(error instanceof PostError)) throw error
    return { kind: 'unreachable', problem: error.message }
  }
  return readAnswer(answer, attempt, order, client, context, signal)
}

async function readAnswer(
  answer: RawAnswer,
  attempt: Attempt,
  order: Order,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Tried> {
  const { clock, halt, journal } = context
  const verdict = judgeAnswer(answer)
  const problem = describeRefusal(answer.status, answer.body)
  if (verdict.kind === 'accepted') {
    await writeAccepted(attempt, answer, verdict.task, order, context)
    return verdict
  }
  // A server may have accepted what it had not read to its end, and not be understood.
  if (verdict.kind === 'ambiguous' && !attempt.decided && answer.status < 300) {
    if (!(await journal.commit(attempt, new Date(clock.now())))) {
      attempt.decided = (await journal.reread(attempt)).decided
    }
  }
  if (attempt.decided) {
    await journal.writeResponse(attempt, formatResponse(answer))
    if (verdict.kind === 'ambiguous') {
      const what = `the answer was ${problem}`
      const task = await settleAmbiguity(attempt, what, order, client, context, signal)
      return { kind: 'accepted', task }
    }
    await rejectAttempt(attempt, problem, context)
  }
  if (verdict.kind !== 'later') throw refusedError(verdict.kind === 'halted', problem, halt)
  // Zero says nothing: asking again at once would be a tight loop.
  const wait = readRetryAfter(answer.retryAfter, clock.now()) || undefined
  return { kind: 'later', problem, wait }
}

/**
 * Writes down a task that runs. From here on it is paid for, so that nothing that fails here ends the purchase: the record
 * of the result will hold the task as well.
 */
async function writeAccepted(
  attempt: Attempt,
  answer: RawAnswer,
  task: string,
  { file, fingerprint }: Order,
  { journal, clock, warn, command }: PurchaseContext,
): Promise<void> {
  const failures: unknown[] = []
  const attend = async (work: Promise<unknown>): Promise<void> => {
    await work.catch((error: unknown) => failures.push(error))
  }
  // A server may accept what it has not read to its end: then it is paid for as well.
  if (!attempt.decided) await attend(journal.commit(attempt, new Date(clock.now())))
  await attend(journal.writeResponse(attempt, formatResponse(answer)))
  await attend(journal.writeTask(attempt, task))
  if (failures.length === 0) return
  const adopt = command(`resolve ${shorten(fingerprint)} --adopt ${task}`)
  warn(
    `${file} was submitted as task ${task}, which is paid for, and the journal cannot be written (${(failures[0] as Error).message}). ` +
      `Mend that. If this build does not ship the image, run \`${adopt}\`, and nothing is paid a second time.`,
  )
}

/** The decision may be on the disk, or half way there, when the last byte turns out not to go. */
async function closeUnsent(
  attempt: Attempt,
  reason: Error,
  context: PurchaseContext,
): Promise<void> {
  const { decided } = await context.journal.reread(attempt).catch(() => attempt)
  if (decided?.kind !== 'commit') return
  attempt.decided = decided
  await rejectAttempt(attempt, `never sent: ${reason.message}`, context).catch(() => {})
}

/** Somebody else has decided the attempt. */
class LostRaceError extends Error {
  override readonly name: string = 'LostRaceError'
}

async function post(
  attempt: Attempt,
  { request, sourceHash, file }: Order,
  prepared: PreparedImage,
  client: Client,
  { journal, clock, halt }: PurchaseContext,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const { image, readHash } = prepared.open()
  return client.submit({
    image,
    params: request.params,
    signal,
    beforeLastByte: async () => {
      signal.throwIfAborted()
      if (halt.error) throw halt.error
      if (readHash() !== sourceHash) throw changedError(file)
      if (!(await journal.commit(attempt, new Date(clock.now())))) throw new LostRaceError()
    },
  })
}

function refusedError(
  halted: boolean,
  problem: string,
  halt: PurchaseContext['halt'],
): MagnificError {
  const error = new MagnificError(
    'API_REFUSED',
    halted
      ? `The API refuses the key or the account: ${problem}. Nothing was charged. Check the key in FREEPIK_API_KEY and the account's credit, then build again.`
      : `The API refuses the request: ${problem}. Nothing was charged.`,
  )
  if (halted) halt.error = error
  return error
}
