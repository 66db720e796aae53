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

/** 4xx by which a server gives up on a request that it may have begun to work on. */
const unclear = new Set([408, 409, 425, 499])

/** Judges an answer to a POST. 503 is documented as "please try again later"; every other 5xx says nothing certain. */
export function judgeAnswer({ status, body }: RawAnswer): Verdict {
  if (status >= 200 && status < 300) {
    const state = parseTaskState(body)
    return state ? { kind: 'accepted', task: state.task } : { kind: 'ambiguous' }
  }
  if (status === 401 || status === 402) return { kind: 'halted' }
  if (status === 429) {
    return { kind: /limit of the free trial usage/i.test(body) ? 'halted' : 'later' }
  }
  if (status === 503) return { kind: 'later' }
  return { kind: status >= 300 && status < 500 && !unclear.has(status) ? 'refused' : 'ambiguous' }
}
