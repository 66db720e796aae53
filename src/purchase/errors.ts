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
    `This image was submitted at ${attempt.committedAt} and ${what}: it may have been charged for or not, ` +
      'so it is not submitted again by itself. Look in your account for a task of that time. ' +
      `If there is one, write its id into ${attempt.folder}/task; if there is none, delete ${attempt.folder}.`,
    { cause },
  )
}
