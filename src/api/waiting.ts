import type { Clock } from '../core/clock.ts'
import { MagnificError } from '../core/errors.ts'
import type { Client } from './client.ts'
import type { RawAnswer } from './post.ts'
import { readRetryAfter } from './retry.ts'
import { describeRefusal, parseTaskState } from './wire.ts'
import type { TaskState } from './wire.ts'

/** Settings of one wait. */
export interface WaitOptions {
  clock: Clock
  /** The longest wait, ms. */
  deadline: number
  signal?: AbortSignal | undefined
}

/** The wait before the first question, and the longest between two, ms. */
const firstDelay = 250
const longestDelay = 10_000
/** So many times in a row a task may be unknown: a fresh one need not be known everywhere at once. */
const unknownLimit = 5

/**
 * Asks for a task's status until it is completed and its download URLs are there. What may pass by itself (a lost
 * connection, 429, 5xx, an answer that cannot be read) is asked again.
 *
 * @throws MagnificError `TASK_FAILED` by the API's word; `TASK_UNKNOWN` by lasting 404; `TASK_PENDING` after the
 *   deadline or when the API refuses to tell: the task goes on all the same, and can be taken up again
 */
export async function awaitTask(
  client: Client,
  task: string,
  { clock, deadline, signal }: WaitOptions,
): Promise<TaskState> {
  const startedAt = clock.now()
  let delay = firstDelay
  let unknown = 0
  let lastProblem = ''

  for (;;) {
    const left = startedAt + deadline - clock.now()
    if (left <= 0) throw pendingError(task, deadline, lastProblem)
    await clock.sleep(Math.min(delay, left), signal)
    delay = Math.min(delay * 1.5, longestDelay)

    let answer: RawAnswer
    try {
      answer = await client.getStatus(task, signal)
    } catch (error) {
      signal?.throwIfAborted()
      lastProblem = (error as Error).message
      continue
    }
    const state = answer.status === 200 ? parseTaskState(answer.body) : undefined
    if (state?.status === 'failed') throw failedError(task, state.error)
    if (state?.status === 'completed' && state.generated.length > 0) return state

    lastProblem = state ? '' : describeRefusal(answer.status, answer.body)
    unknown = answer.status === 404 ? unknown + 1 : 0
    if (unknown >= unknownLimit) throw unknownError(task, lastProblem)
    if (isFinalRefusal(answer.status)) throw refusedError(task, lastProblem)
    delay = Math.max(delay, readRetryAfter(answer.retryAfter, clock.now()) ?? 0)
  }
}

function isFinalRefusal(status: number): boolean {
  return status >= 300 && status < 500 && ![404, 408, 425, 429].includes(status)
}

function failedError(task: string, reason: string | undefined): MagnificError {
  return new MagnificError(
    'TASK_FAILED',
    `The upscale failed: the API says FAILED${reason ? `, "${reason}"` : ''} (task ${task}).`,
  )
}

function pendingError(task: string, deadline: number, lastProblem: string): MagnificError {
  return new MagnificError(
    'TASK_PENDING',
    `The upscale is not done after ${Math.round(deadline / 1000)} s (task ${task})${lastProblem && `, last answer: ${lastProblem}`}. ` +
      'Build again later: it takes up this task and pays nothing more. The option `deadline` sets how long a build waits.',
  )
}

function unknownError(task: string, problem: string): MagnificError {
  return new MagnificError('TASK_UNKNOWN', `The API does not know task ${task}: ${problem}.`)
}

function refusedError(task: string, problem: string): MagnificError {
  return new MagnificError(
    'TASK_PENDING',
    `The API does not tell about task ${task}: ${problem}. ` +
      'Build again with the key that submitted it: the task is kept, and nothing is paid again.',
  )
}
