import type { Client } from '../api/client.ts'
import { judgeAnswer } from '../api/verdict.ts'
import { describeRefusal } from '../api/wire.ts'
import { mayBePaid, numberOf } from '../store/attempt.ts'
import type { Attempt } from '../store/attempt.ts'
import { watchOwner } from '../store/liveness.ts'
import { ambiguousError, failedError } from './errors.ts'
import type { Order, PurchaseContext, Submitted } from './order.ts'
import { reconcile } from './reconcile.ts'
import { parseResponse } from './responses.ts'

/** The longest that an answer to a POST may take to be in the journal, ms: longer than the client waits for one. */
const answerTimeout = 150_000
/** The wait before the journal is looked at again, ms. */
const pause = 500

/**
 * Waits until somebody else's attempt is decided: by its owner, or by us, who believe the owner dead.
 */
export async function awaitOwner(
  attempt: Attempt,
  { file }: Order,
  { journal, clock, warn, onPhase }: PurchaseContext,
  signal: AbortSignal,
): Promise<void> {
  const watch = watchOwner(numberOf(attempt))
  let told = false
  onPhase({ kind: 'waiting', estimate: 0 })
  for (let current = attempt; !current.decided; current = await journal.reread(current)) {
    if (watch.isDead(current.owner, current.beat, clock.now())) {
      await journal.abandon(current, new Date(clock.now()))
      return
    }
    if (!told) {
      told = true
      const who = current.owner ? ` (process ${current.owner.pid} on ${current.owner.host})` : ''
      warn(`Another build${who} is submitting ${file}; waiting for it.`)
    }
    await clock.sleep(pause, signal)
  }
}

/**
 * Follows an attempt that may be paid for: of a build that ended, or of one that runs at this moment.
 *
 * @returns `undefined` where it was rejected, so that nothing was charged and another attempt is right
 * @throws MagnificError `TASK_FAILED`, `SUBMIT_AMBIGUOUS`: buying again is for a person to decide
 */
export async function followAttempt(
  committed: Attempt,
  order: Order,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Submitted | undefined> {
  const { journal, clock, warn } = context
  const decidedAt = Date.parse(committed.decided?.at ?? '')
  // Other machines' clocks may be ahead. Where the time cannot be read, it is long ago.
  const giveUpAt = Number.isNaN(decidedAt) ? 0 : Math.min(decidedAt, clock.now()) + answerTimeout
  const watch = watchOwner(numberOf(committed))
  let told = false
  let over = false
  for (let attempt = committed; ; attempt = await journal.reread(attempt)) {
    if (attempt.voided !== undefined) return undefined
    if (attempt.outcome?.kind === 'failed') {
      throw failedError(attempt.outcome.reason ?? 'The upscale failed.', order, context)
    }
    if (attempt.task) return { task: attempt.task, attempt, paid: false }
    if (attempt.outcome?.kind === 'rejected' && !mayBePaid(attempt)) return undefined
    if (attempt.response !== undefined) {
      return followResponse(attempt, order, client, context, signal)
    }
    if (over) {
      const what = 'no answer was stored'
      const task = await settleAmbiguity(attempt, what, order, client, context, signal)
      return { task, attempt, paid: false }
    }
    const now = clock.now()
    over = now >= giveUpAt || watch.isDead(attempt.owner, attempt.beat, now)
    // Looked at once more: the answer may have been written just before its writer ended.
    if (over) continue
    if (!told) {
      told = true
      warn(
        `Another build submitted ${order.file} at ${attempt.decided?.at}; waiting for the answer to it.`,
      )
    }
    await clock.sleep(pause, signal)
  }
}

/** The build ended between the answer and what it meant, or is about to write that. */
async function followResponse(
  attempt: Attempt,
  order: Order,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Submitted | undefined> {
  const answer = parseResponse(attempt.response ?? '')
  const verdict = judgeAnswer(answer)
  if (verdict.kind === 'ambiguous') {
    const what =
      answer.status === 0
        ? answer.body || 'its answer is not known'
        : `its answer was ${describeRefusal(answer.status, answer.body)}`
    const task = await settleAmbiguity(attempt, what, order, client, context, signal)
    return { task, attempt, paid: false }
  }
  if (verdict.kind === 'accepted') {
    await context.journal.writeTask(attempt, verdict.task)
    return { task: verdict.task, attempt, paid: false }
  }
  await rejectAttempt(attempt, describeRefusal(answer.status, answer.body), context)
  return undefined
}

/**
 * Finds the task of a POST that may have been charged for or not, by what the API lists.
 *
 * @param what happened to the answer, as the end of a clause
 * @throws MagnificError `SUBMIT_AMBIGUOUS` where it cannot be told
 */
export async function settleAmbiguity(
  attempt: Attempt,
  what: string,
  order: Order,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
  cause?: unknown,
): Promise<string> {
  context.onPhase({ kind: 'waiting', estimate: 0 })
  if (attempt.owner?.subject.listed) {
    context.warn(
      `${order.file} was submitted and ${what}; looking for its task in what the API lists.`,
    )
  }
  const { task, found } = await reconcile(attempt, client, context, signal)
  if (task === undefined) throw ambiguousError(attempt, what, found, order, context, cause)
  await context.journal.writeTask(attempt, task)
  context.warn(
    `The API lists task ${task} with the picture of ${order.file}, and it is taken up. Should the image not be as it was asked for, another build of the same account bought it.`,
  )
  return task
}

/** Writes down that nothing was charged for an attempt, so that another one is right. */
export async function rejectAttempt(
  attempt: Attempt,
  reason: string,
  { journal, clock }: Pick<PurchaseContext, 'journal' | 'clock'>,
): Promise<void> {
  const at = new Date(clock.now()).toISOString()
  await journal.writeOutcome(attempt, { kind: 'rejected', reason, at })
}
