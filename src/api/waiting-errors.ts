import { MagnificError } from '../core/errors.ts'

/** What is known of a wait that did not end well. */
interface Failed {
  task: string
  /** ms */
  deadline: number
  /** What went wrong the last time, or an empty text. */
  lastProblem: string
}

/** A task that failed by the API's word. */
export function failedError({ task }: Failed, reason: string | undefined): MagnificError {
  return new MagnificError(
    'TASK_FAILED',
    `The upscale failed: the API says FAILED${reason ? `, "${reason}"` : ''} (task ${task}).`,
  )
}

/** A task that was not done in time. */
export function pendingError({ task, deadline, lastProblem }: Failed): MagnificError {
  return new MagnificError(
    'TASK_PENDING',
    `The upscale is not done after ${Math.round(deadline / 1000)} s (task ${task})${lastProblem && `, last answer: ${lastProblem}`}. ` +
      'Build again later: it takes up this task and pays nothing more. The option `deadline` sets how long a build waits.',
  )
}

/** A task that the API does not know. */
export function unknownError({ task, lastProblem }: Failed): MagnificError {
  return new MagnificError('TASK_UNKNOWN', `The API does not know task ${task}: ${lastProblem}.`)
}

/** A task that the API does not tell about. */
export function refusedError({ task, lastProblem }: Failed): MagnificError {
  return new MagnificError(
    'TASK_PENDING',
    `The API does not tell about task ${task}: ${lastProblem}. ` +
      'Build again with the key that submitted it: the task is kept, and nothing is paid again.',
  )
}
