import type { RawAnswer } from './post.ts'
import { parseTaskState } from './wire.ts'

/**
 * What an answer to a POST means for the money:
 * - `accepted`: the task runs, and is charged for
 * - `refused`: nothing is charged, and asking again would get the same answer
 * - `halted`: refused, and so would be everything else: the key or the account is at fault
 * - `later`: nothing is charged, and the API asks to come back
 * - `ambiguous`: it may have been charged for or not
 */
export type Verdict =
  | { kind: 'accepted'; task: string }
  | { kind: 'refused' | 'halted' | 'later' | 'ambiguous' }

/**
 * Refusals after which nothing can have been charged: 400 and 401 by the API's document, 402, 403, 413 and 422 as seen live;
 * by the others a server says that it has no such endpoint or does not read such a request. A redirect, a 409 or whatever
 * else may come from something that stands behind work that was begun.
 */
const refusals = new Set([400, 403, 404, 405, 413, 414, 415, 422, 431])

/** Judges an answer to a POST. Every 5xx but the documented 503 says nothing certain. */
export function judgeAnswer(answer: RawAnswer): Verdict {
  const { status, body } = answer
  if (status >= 200 && status < 300) {
    const state = parseTaskState(body)
    return state ? { kind: 'accepted', task: state.task } : { kind: 'ambiguous' }
  }
  if (status === 401 || status === 402) return { kind: 'halted' }
  if (status === 429) {
    return { kind: isTrialOver(status, body) ? 'halted' : 'later' }
  }
  if (status === 503) return { kind: isDocumented503(body) ? 'later' : 'ambiguous' }
  return { kind: refusals.has(status) ? 'refused' : 'ambiguous' }
}

/** Whether an answer says that a free trial is used up, which asking later does not change. */
export function isTrialOver(status: number, body: string): boolean {
  return status === 429 && /limit of the free trial usage/i.test(body)
}

/** The API's own words: a gateway that gave up on an API which is still at work may say `Retry-After` as well. */
function isDocumented503(body: string): boolean {
  return /"message"\s*:\s*"Service Unavailable\. Please try again later\.?"/i.test(body)
}
