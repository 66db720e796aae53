import { judgeAnswer } from '../api/verdict.ts'
import { mayBePaid } from '../store/attempt.ts'
import type { Attempt } from '../store/attempt.ts'
import type { Journal } from '../store/journal.ts'
import type { KnownResult } from '../store/known-results.ts'
import { hasEnded } from '../store/liveness.ts'
import type { ResultRecord } from '../store/records.ts'
import { parseResponse } from './responses.ts'

/**
 * Where an attempt stands:
 * - `submitting`: somebody sends the image at this moment, or waits for the answer
 * - `pending`: its task is known, and paid for
 * - `ambiguous`: it may have been charged for or not
 * - `completed`, `failed`: by the API's word
 * - `unpaid`: nothing was charged, and nothing will be
 * - `void`: somebody decided that it does not count
 */
export type AttemptState =
  | 'submitting'
  | 'pending'
  | 'ambiguous'
  | 'completed'
  | 'failed'
  | 'unpaid'
  | 'void'

/** An owner on another machine whose heartbeat is older than this is taken for dead, ms. */
const oldBeat = 60_000

/**
 * Tells where an attempt stands.
 *
 * @param now ms since 1970
 */
export function stateOf(attempt: Attempt, now: number): AttemptState {
  const { decided, outcome, response, voided } = attempt
  if (voided !== undefined) return 'void'
  if (outcome?.kind === 'completed' || outcome?.kind === 'failed') return outcome.kind
  if (taskOf(attempt) !== undefined) return 'pending'
  if (outcome?.kind === 'rejected' && !mayBePaid(attempt)) return 'unpaid'
  if (response !== undefined) {
    return judgeAnswer(parseResponse(response)).kind === 'ambiguous' ? 'ambiguous' : 'unpaid'
  }
  if (decided?.kind === 'abandon') return 'unpaid'
  if (isOwnerAlive(attempt, now)) return 'submitting'
  return decided ? 'ambiguous' : 'unpaid'
}

/** The task of an attempt, as it was written down or as the raw answer names it. */
export function taskOf({ task, response }: Attempt): string | undefined {
  if (task !== undefined || response === undefined) return task
  const verdict = judgeAnswer(parseResponse(response))
  return verdict.kind === 'accepted' ? verdict.task : undefined
}

/** Writes down that a result is here, where a build ended just before it did. */
export async function closeWhole(
  { attempt }: KnownResult,
  { task, result: { sha256 }, completedAt: at }: ResultRecord,
  journal: Journal,
): Promise<boolean> {
  if (!attempt || attempt.outcome || attempt.voided !== undefined) return false
  if (taskOf(attempt) !== task) return false
  await journal.writeOutcome(attempt, { kind: 'completed', sha256, at })
  return true
}

/** Other machines' clocks may be ahead a little. */
function isOwnerAlive({ owner, beat }: Attempt, now: number): boolean {
  return Math.abs(now - beat) < oldBeat && !(owner && hasEnded(owner))
}
