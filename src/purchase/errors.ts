import { MagnificError } from '../core/errors.ts'
import type { Attempt } from '../store/attempt.ts'
import type { Order, PurchaseContext } from './order.ts'

/** What an error needs to name the ways on. */
type Names = Pick<PurchaseContext, 'command'>

/** Enough of a fingerprint to tell it from all others of a cache. */
export function shorten(fingerprint: string): string {
  return fingerprint.slice(0, 12)
}

/** A task that failed by the API's own word. */
export function failedError(
  reason: string,
  { fingerprint }: Pick<Order, 'fingerprint'>,
  { command }: Names,
): MagnificError {
  return new MagnificError(
    'TASK_FAILED',
    `${reason} It is not bought again by itself: change the image or the query, or run \`${command(`retry ${shorten(fingerprint)}`)}\` and build again to submit it once more.`,
  )
}

/**
 * A POST that may have been charged for or not.
 *
 * @param what happened to its answer, as the end of a clause
 * @param found what the API's list of tasks says, as a sentence
 */
export function ambiguousError(
  attempt: Attempt,
  what: string,
  found: string,
  { fingerprint }: Pick<Order, 'fingerprint'>,
  { command }: Names,
  cause?: unknown,
): MagnificError {
  const at = attempt.decided?.at || attempt.owner?.at || 'an unknown time'
  const resolve = (way: string): string =>
    `\`${command(`resolve ${shorten(fingerprint)} ${way}`)}\``
  return new MagnificError(
    'SUBMIT_AMBIGUOUS',
    `This image was submitted at ${at} and ${what}: it may have been charged for or not, so it is not submitted again by itself. ${found} ` +
      `If your account shows a task of that time, run ${resolve('--adopt <task id>')}; if it shows none, ${resolve('--void')}. Then build again.`,
    { cause },
  )
}

/** What is said where a disk does not take what was paid for. */
export function describeUnkept(name: string, task: string, what: string, reason: Error): string {
  return (
    `${name} is paid for (task ${task}), and ${what} (${reason.message}). ` +
    'It is shipped all the same. Mend that: the next build fetches it again, without a new charge.'
  )
}

/** A task that the API has never heard of, or not any more. */
export function unknownTaskError(
  error: MagnificError,
  { fingerprint }: Pick<Order, 'fingerprint'>,
  { command }: Names,
): MagnificError {
  return new MagnificError(
    'TASK_UNKNOWN',
    `${error.text} It is not bought again by itself. If the key or \`baseUrl\` is another one than it was bought with, set that right. ` +
      `If the task is gone for good, run \`${command(`resolve ${shorten(fingerprint)} --void`)}\`: the next build submits the image once more, which is charged for.`,
    { cause: error },
  )
}
