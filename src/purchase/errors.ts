import { MagnificError } from '../core/errors.ts'
import type { Attempt } from '../store/journal.ts'

/** A task that failed by the API's own word. */
export function failedError(reason: string, attempt: Attempt): MagnificError {
  return new MagnificError(
    'TASK_FAILED',
    `${reason} It is not bought again by itself: change the image or the query, or delete ${attempt.folder} to submit it once more.`,
  )
}

/**
 * A POST that may have been charged for or not.
 *
 * @param what happened to its answer, as the end of a clause
 */
export function ambiguousError(attempt: Attempt, what: string, cause?: unknown): MagnificError {
  return new MagnificError(
    'SUBMIT_AMBIGUOUS',
    `This image was submitted at ${attempt.decided?.at || 'an unknown time'} and ${what}: it may have been charged for or not, ` +
      'so it is not submitted again by itself. Look in your account for a task of that time. ' +
      `If there is one, write its id into ${attempt.folder}/task; if there is none, delete ${attempt.folder}.`,
    { cause },
  )
}

/**
 * A task that the API has never heard of, or not any more.
 *
 * @param places what remembers the task: the attempt's folder in the journal, the record, or both
 */
export function unknownTaskError(error: MagnificError, places: string): MagnificError {
  return new MagnificError(
    'TASK_UNKNOWN',
    `${error.text} It is not bought again by itself. If the key or \`baseUrl\` is another one than it was bought with, set that right. ` +
      `If the task is gone for good, delete ${places}: the next build submits the image once more, which is charged for.`,
    { cause: error },
  )
}

/**
 * A task that runs and cannot be written down: the one moment at which only the terminal knows what was paid for.
 *
 * @param task its id, or `undefined` where the answer was not understood
 */
export function journalError(
  attempt: Attempt,
  task: string | undefined,
  cause: unknown,
): MagnificError {
  const reason = (cause as Error).message
  if (task === undefined) {
    return ambiguousError(attempt, `the answer cannot be written down (${reason})`, cause)
  }
  return new MagnificError(
    'JOURNAL_FAILED',
    `The image was submitted, and task ${task} is paid for, but the journal cannot be written (${reason}). ` +
      `Mend that, write ${task} into ${attempt.folder}/task, and build again: nothing is paid a second time.`,
    { cause },
  )
}
