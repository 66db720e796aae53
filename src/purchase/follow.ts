import { hostname } from 'node:os'
import { judgeAnswer } from '../api/verdict.ts'
import { describeRefusal } from '../api/wire.ts'
import type { Attempt, Decision } from '../store/journal.ts'
import { ambiguousError, failedError } from './errors.ts'
import type { PurchaseContext, Submitted } from './order.ts'
import { parseResponse } from './responses.ts'

/** The longest that an answer to a POST may take to be in the journal, ms: longer than the client waits for one. */
const answerTimeout = 150_000
/** The wait before the journal is looked at again, ms. */
const pause = 500

/**
 * Follows an attempt that somebody else has committed: a build that ended, or one that runs at this moment.
 *
 * @returns `undefined` where it was rejected, so that nothing was charged and another attempt is right
 * @throws MagnificError `TASK_FAILED`, `SUBMIT_AMBIGUOUS`: buying again is for a person to decide
 */
export async function followAttempt(
  committed: Attempt,
  { journal, clock, warn }: PurchaseContext,
  signal: AbortSignal,
): Promise<Submitted | undefined> {
  const decidedAt = Date.parse(committed.decided?.at ?? '')
  // Other machines' clocks may be ahead. Where the time cannot be read, it is long ago.
  const giveUpAt = Number.isNaN(decidedAt) ? 0 : Math.min(decidedAt, clock.now()) + answerTimeout
  let told = false
  let over = false
  for (let attempt = committed; ; attempt = await journal.reread(attempt)) {
    if (attempt.outcome?.kind === 'failed') {
      throw failedError(attempt.outcome.reason ?? 'The upscale failed.', attempt)
    }
    if (attempt.task) return { task: attempt.task, attempt, paid: false }
    if (attempt.outcome?.kind === 'rejected') return undefined
    if (attempt.response !== undefined) return followResponse(attempt, { journal, clock })
    if (over) throw ambiguousError(attempt, 'no answer was stored')
    over = clock.now() >= giveUpAt || isGone(attempt.decided)
    // Looked at once more: the answer may have been written just before its writer ended.
    if (over) continue
    if (!told) {
      told = true
      warn(
        `Another build submitted the same image at ${attempt.decided?.at}; waiting for the answer to it.`,
      )
    }
    await clock.sleep(pause, signal)
  }
}

/** Whether the process that sent the last byte is known to have ended: it ran on this machine, and nothing has its number. */
function isGone(decided: Decision | undefined): boolean {
  if (!decided || decided.host !== hostname() || !(decided.pid > 0)) return false
  try {
    process.kill(decided.pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** The build ended between the answer and what it meant, or is about to write that. */
async function followResponse(
  attempt: Attempt,
  { journal, clock }: Pick<PurchaseContext, 'journal' | 'clock'>,
): Promise<Submitted | undefined> {
  const answer = parseResponse(attempt.response ?? '')
  const verdict = judgeAnswer(answer)
  if (verdict.kind === 'ambiguous') throw ambiguousError(attempt, 'its answer was unclear')
  if (verdict.kind === 'accepted') {
    await journal.writeTask(attempt, verdict.task)
    return { task: verdict.task, attempt, paid: false }
  }
  await rejectAttempt(attempt, describeRefusal(answer.status, answer.body), { journal, clock })
  return undefined
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
