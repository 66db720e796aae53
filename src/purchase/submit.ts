import type { Client } from '../api/client.ts'
import { BudgetError, MagnificError } from '../core/errors.ts'
import { formatPath } from '../core/format-path.ts'
import { mayBePaid, numberOf } from '../store/attempt.ts'
import type { Attempt, AttemptSubject } from '../store/attempt.ts'
import { awaitOwner, followAttempt } from './follow.ts'
import type { PreparedImage } from './image-body.ts'
import type { Order, PurchaseContext, Submitted } from './order.ts'
import { tryAttempt } from './try.ts'

/** The wait before another try, when the API names none: doubled each time up to the longest, ms. */
const firstBackoff = 1000
const longestBackoff = 60_000
/** So many times in a row the API may be out of reach. */
const unreachableLimit = 5

/** What one purchase has found out about the API's mood, over all its attempts. */
interface Mood {
  readonly startedAt: number
  backoff: number
  unreachable: number
  told: boolean
}

/** What is to be submitted. */
export interface Submission {
  order: Order
  /** The size of what is sent, pixels. */
  sent: { width: number; height: number }
  /** What is sent; the same picture each time. It is asked for when nobody else is at it. */
  prepare(): Promise<PreparedImage>
  /** What was prepared a while ago is prepared anew where the source has changed. */
  refresh(): Promise<void>
  /** euros */
  estimate: number
}

/**
 * Submits the image and writes each step down before the next one relies on it. One process owns an attempt and sends;
 * the others wait for it, and follow the task. What certainly was not charged for is tried again; what may have been is
 * not.
 *
 * @throws MagnificError `API_REFUSED`, `API_UNREACHABLE`, `BUDGET_EXCEEDED`, `SUBMIT_AMBIGUOUS`, `SOURCE_CHANGED`,
 *   `TASK_FAILED`
 */
export async function submitTask(
  submission: Submission,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Submitted> {
  const { order, estimate } = submission
  const { journal, clock, budget, limits, halt } = context
  const mood: Mood = { startedAt: clock.now(), backoff: firstBackoff, unreachable: 0, told: false }
  for (;;) {
    signal.throwIfAborted()
    if (halt.error) throw halt.error
    const attempt = await journal.open(order.fingerprint)
    if (mayBePaid(attempt)) {
      const followed = await followAttempt(attempt, order, client, context, signal)
      if (followed) return followed
      continue
    }
    if (attempt.beat > 0) {
      await awaitOwner(attempt, order, context, signal)
      continue
    }
    const reason = await budget.check(estimate, limits)
    if (reason !== undefined) throw new BudgetError(reason, estimate, order.fingerprint)
    const subject = await describeSubject(submission, client, context, signal)
    const stopHeartbeat = await journal.claim(attempt, subject, new Date(clock.now()))
    if (!stopHeartbeat) continue
    context.onPhase({ kind: 'submitting', estimate })
    let task: string | undefined
    try {
      task = await submitAsOwner(attempt, submission, client, mood, context, signal)
      if (task !== undefined) return { task, attempt, paid: true }
    } finally {
      // Whoever waits need not wait for a heartbeat that has stopped.
      const isUndecided = attempt.decided === undefined && task === undefined
      if (isUndecided) await journal.abandon(attempt, new Date(clock.now())).catch(() => {})
      stopHeartbeat()
    }
  }
}

/** @returns the task, or `undefined` where the attempt is closed and the next one is right */
async function submitAsOwner(
  attempt: Attempt,
  { order, prepare }: Submission,
  client: Client,
  mood: Mood,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { clock, budget, limits, halt } = context
  const { estimate = 0 } = attempt.owner?.subject ?? {}
  const claim = { fingerprint: order.fingerprint, attempt: numberOf(attempt), estimate }
  const reason = await budget.claim(claim, limits)
  if (reason !== undefined) throw new BudgetError(reason, estimate, order.fingerprint)
  for (;;) {
    signal.throwIfAborted()
    if (halt.error) throw halt.error
    const tried = await tryAttempt(attempt, order, await prepare(), client, context, signal)
    if (tried.kind === 'accepted') return tried.task
    if (tried.kind === 'lost') return undefined
    mood.unreachable = tried.kind === 'unreachable' ? mood.unreachable + 1 : 0
    const wait = tried.wait ?? mood.backoff
    const isLate = clock.now() + wait > mood.startedAt + context.deadline
    if (mood.unreachable >= unreachableLimit || isLate) throw unreachableError(tried.problem)
    mood.backoff = Math.min(mood.backoff * 2, longestBackoff)
    if (tried.kind === 'later' && !mood.told) {
      mood.told = true
      context.warn(
        `The API asks to come back later (${tried.problem}); waiting to submit ${order.file}.`,
      )
    }
    await clock.sleep(wait, signal)
    if (attempt.decided) return undefined
  }
}

/** The picture is prepared for it: what its result is recognised by is what is sent, and not what the source is. */
async function describeSubject(
  { order: { file, sourceHash, request }, sent, prepare, refresh, estimate }: Submission,
  client: Client,
  { root, service, alpha, taskList }: PurchaseContext,
  signal: AbortSignal,
): Promise<AttemptSubject> {
  // Whoever comes here has waited: for its turn, or for another owner.
  await refresh()
  const { thumbnail } = await prepare()
  return {
    service,
    file: formatPath(root, file),
    source: sourceHash,
    params: request.params,
    width: sent.width,
    height: sent.height,
    estimate,
    alpha,
    thumbnail: thumbnail.toString('base64'),
    listed: await taskList(client).readNewest(signal),
  }
}

function unreachableError(problem: string): MagnificError {
  return new MagnificError(
    'API_UNREACHABLE',
    `The API cannot be had: ${problem}. Nothing was charged. Check the network and the option \`baseUrl\`, then build again.`,
  )
}
