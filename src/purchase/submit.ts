import type { Client } from '../api/client.ts'
import { PostError } from '../api/post.ts'
import type { RawAnswer } from '../api/post.ts'
import { readRetryAfter } from '../api/retry.ts'
import { judgeAnswer } from '../api/verdict.ts'
import { describeRefusal } from '../api/wire.ts'
import { MagnificError } from '../core/errors.ts'
import type { SourceImage } from '../image/inspect.ts'
import type { Attempt } from '../store/journal.ts'
import { ambiguousError, journalError } from './errors.ts'
import { followAttempt, rejectAttempt } from './follow.ts'
import { changedError, openImage } from './image-body.ts'
import type { Order, PurchaseContext, Submitted } from './order.ts'
import { formatNoAnswer, formatResponse } from './responses.ts'

/** The wait before another try, when the API names none: doubled each time up to the longest, ms. */
const firstBackoff = 1000
const longestBackoff = 60_000
/** So many times in a row the API may be out of reach. */
const unreachableLimit = 5

/**
 * Submits the image and writes each step down before the next one relies on it. What certainly was not charged for is
 * tried again; what may have been is not. Where somebody else commits the attempt first, theirs is followed.
 *
 * @throws MagnificError `API_REFUSED`, `API_UNREACHABLE`, `SUBMIT_AMBIGUOUS`, `SOURCE_CHANGED`, `TASK_FAILED`,
 *   `JOURNAL_FAILED`
 */
export async function submitTask(
  order: Order,
  source: SourceImage,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Submitted> {
  const { journal, clock } = context
  const startedAt = clock.now()
  let unreachable = 0

  for (let backoff = firstBackoff; ; backoff = Math.min(backoff * 2, longestBackoff)) {
    signal.throwIfAborted()
    if (context.halt.error) throw context.halt.error
    const attempt = await journal.open(order.fingerprint)
    const tried = await tryAttempt(attempt, order, source, client, context, signal)
    if (tried.kind === 'accepted') return { task: tried.task, attempt, paid: true }
    if (tried.kind === 'lost') {
      const followed = await followAttempt(await journal.reread(attempt), context, signal)
      if (followed) return followed
      continue
    }
    unreachable = tried.kind === 'unreachable' ? unreachable + 1 : 0
    const wait = tried.wait ?? backoff
    const isLate = clock.now() + wait > startedAt + context.deadline
    if (unreachable >= unreachableLimit || isLate) throw unreachableError(tried.problem)
    await clock.sleep(wait, signal)
  }
}

/**
 * How one try ended that may be followed by another one:
 * - `lost`: somebody else has committed the attempt, and ours was broken off before its last byte
 * - `later`: the API asks to come back
 * - `unreachable`: the network failed before anything can have been charged
 */
type Tried =
  | { kind: 'accepted'; task: string }
  | { kind: 'lost' }
  | { kind: 'later' | 'unreachable'; problem: string; wait?: number | undefined }

async function tryAttempt(
  attempt: Attempt,
  order: Order,
  source: SourceImage,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Tried> {
  const { journal, clock } = context
  if (isDecided(attempt)) return { kind: 'lost' }

  let answer: RawAnswer
  try {
    answer = await post(attempt, order, source, client, context, signal)
  } catch (error) {
    if (error instanceof LostRaceError) return { kind: 'lost' }
    if (!(error instanceof PostError)) throw error
    if (error.committed) {
      // So that nobody waits for an answer that will not come.
      await journal.writeResponse(attempt, formatNoAnswer(error.message))
      throw ambiguousError(attempt, `no answer came (${error.message})`, error)
    }
    // The connection may break while the decision is being written: the last byte never went.
    if (isDecided(attempt)) await rejectAttempt(attempt, error.message, context)
    return { kind: 'unreachable', problem: error.message }
  }

  const verdict = judgeAnswer(answer)
  const problem = describeRefusal(answer.status, answer.body)
  // A server may accept what it has not read to its end: then it is paid for as well.
  if (verdict.kind === 'accepted' && !isDecided(attempt)) {
    await journal.commit(attempt, new Date(clock.now()))
  }
  if (isDecided(attempt)) {
    const task = verdict.kind === 'accepted' ? verdict.task : undefined
    try {
      await journal.writeResponse(attempt, formatResponse(answer))
      if (task !== undefined) await journal.writeTask(attempt, task)
    } catch (error) {
      throw journalError(attempt, task, error)
    }
    if (task !== undefined) return { kind: 'accepted', task }
    if (verdict.kind === 'ambiguous') throw ambiguousError(attempt, `the answer was ${problem}`)
    await rejectAttempt(attempt, problem, context)
  }
  if (verdict.kind !== 'later') throw refusedError(verdict.kind === 'halted', problem, context)
  // Zero says nothing: asking again at once would be a tight loop.
  const wait = readRetryAfter(answer.retryAfter, clock.now()) || undefined
  return { kind: 'later', problem, wait }
}

/** Somebody else has committed the attempt. */
class LostRaceError extends Error {
  override readonly name: string = 'LostRaceError'
}

/** Asked again, since deciding is what happens in between. */
function isDecided(attempt: Attempt): boolean {
  return attempt.decided !== undefined
}

async function post(
  attempt: Attempt,
  { request, sourceHash, file }: Order,
  source: SourceImage,
  client: Client,
  { journal, clock, halt }: PurchaseContext,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const { image, readHash } = await openImage(source, sourceHash)
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

function refusedError(halted: boolean, problem: string, { halt }: PurchaseContext): MagnificError {
  const error = new MagnificError(
    'API_REFUSED',
    halted
      ? `The API refuses the key or the account: ${problem}. Nothing was charged. Check the key in FREEPIK_API_KEY and the account's credit, then build again.`
      : `The API refuses the request: ${problem}. Nothing was charged.`,
  )
  if (halted) halt.error = error
  return error
}

function unreachableError(problem: string): MagnificError {
  return new MagnificError(
    'API_UNREACHABLE',
    `The API cannot be had: ${problem}. Nothing was charged. Check the network and the option \`baseUrl\`, then build again.`,
  )
}
