import type { Traits } from './durations.ts'
import type { TaskState } from './wire.ts'

/** A task to be watched. */
export interface WatchOptions {
  /** The longest wait from now, ms. */
  deadline: number
  signal?: AbortSignal | undefined
  /** When it was submitted, ms since 1970. Default: now. Older ones are asked about at once. */
  submittedAt?: number | undefined
  /** What its duration may depend on. */
  traits?: Traits | undefined
  /** Whether this process submitted it: then the API calls when it is done, where it was told to. */
  isOwn?: boolean | undefined
}

/** A task that is watched. Times in ms since 1970. */
export interface Watched {
  readonly task: string
  readonly submittedAt: number
  readonly giveUpAt: number
  readonly deadline: number
  readonly traits: Traits | undefined
  readonly isOwn: boolean
  readonly signal: AbortSignal | undefined
  readonly settle: (outcome: TaskState | Error) => void
  /** When it was last known not to be done, at first the submission. */
  pendingAt: number
  /** When it was last asked about by itself, at first the submission. */
  askedAt: number
  /** From -1 to 1: puts tasks that began together out of step; another one for each question. */
  jitter: number
  /** The question under way. */
  isAsked: boolean
  /** It is to be asked about now, and after what is under way. */
  isWoken: boolean
  /** Somebody has told of it since it was last seen not to be done. */
  isCalled: boolean
  /** After an answer that says nothing it is not asked again before this. */
  notBefore: number
  /** Answers in a row that said nothing. */
  failures: number
  unknown: number
  lastProblem: string
  /** Whether the list shows it; `undefined` where that is not known yet. */
  isListed: boolean | undefined
  /** Whether the list has called it done: a hint that counts once. */
  isClaimed: boolean
}

/** A task that was submitted longer ago may be done, ms. */
const fresh = 5000

/** A task as it is when the watch begins, at `now`. */
export function createWatched(
  task: string,
  { deadline, signal, submittedAt, traits, isOwn = false }: WatchOptions,
  now: number,
  settle: Watched['settle'],
): Watched {
  // Other machines' clocks may be ahead.
  const begin = Math.min(submittedAt ?? now, now)
  return {
    task,
    submittedAt: begin,
    giveUpAt: now + deadline,
    deadline,
    traits,
    isOwn,
    signal,
    settle,
    pendingAt: begin,
    askedAt: begin,
    jitter: 0,
    isAsked: false,
    isWoken: now - begin > fresh,
    isCalled: false,
    notBefore: 0,
    failures: 0,
    unknown: 0,
    lastProblem: '',
    isListed: undefined,
    isClaimed: false,
  }
}
