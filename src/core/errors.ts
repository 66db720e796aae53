import { formatEstimate } from './format-units.ts'

/** What went wrong, stable across versions: for tests, scripts and issue reports. */
export type ErrorCode =
  | 'BAD_OPTIONS'
  | 'BAD_QUERY'
  | 'BAD_COMMAND'
  | 'BAD_CONFIG'
  | 'BAD_FLAG'
  | 'UNSUPPORTED_REFERENCE'
  | 'SOURCE_MISSING'
  | 'SOURCE_CHANGED'
  | 'SOURCE_REFUSED'
  | 'OUTPUT_TOO_LARGE'
  | 'NOT_CACHED'
  | 'NO_API_KEY'
  | 'BUDGET_EXCEEDED'
  | 'API_REFUSED'
  | 'API_UNREACHABLE'
  | 'SUBMIT_AMBIGUOUS'
  | 'TASK_FAILED'
  | 'TASK_PENDING'
  | 'TASK_UNKNOWN'
  | 'RESULT_BAD'
  | 'CACHE_FAILED'
  | 'REMOTE_FAILED'
  | 'REMOTE_REFUSED'
  | 'ABORTED'

/** Where an error belongs: the image's file and the module that asked for it, as absolute paths. */
export interface ErrorPlace {
  file?: string | undefined
  importer?: string | undefined
}

/** What an error says beside its text. */
export interface ErrorSettings extends ErrorPlace {
  cause?: unknown
  isListed?: boolean | undefined
}

/**
 * The one error of this package. Its message reads `what happened. what to do.`, then names the file and
 * the importer where they are known.
 */
export class MagnificError extends Error {
  override readonly name: string = 'MagnificError'
  readonly code: ErrorCode
  readonly file: string | undefined
  readonly importer: string | undefined
  /** The message without the place, so that `placeError` can add a better one. */
  readonly text: string
  /** Whether another error of the same build lists what this one is about. */
  readonly isListed: boolean

  constructor(code: ErrorCode, text: string, options: ErrorSettings = {}) {
    const place = [
      options.file && `file: ${options.file}`,
      options.importer && `imported by: ${options.importer}`,
    ].filter(Boolean)
    super(
      [text, ...place].join('\n  '),
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.text = text
    this.file = options.file
    this.isListed = options.isListed ?? false
    this.importer = options.importer
  }
}

/** Whether an error is one of this package: of whichever copy of it, since a config may be bundled with one of its own. */
export function isMagnificError(error: unknown): error is MagnificError {
  return error instanceof Error && error.name === 'MagnificError' && 'code' in error
}

/** An image that does not fit into the budget, so that it was not bought. */
export class BudgetError extends MagnificError {
  /** What is used up, as a clause. */
  readonly reason: string
  /** euros */
  readonly estimate: number
  readonly fingerprint: string

  constructor(reason: string, estimate: number, fingerprint: string) {
    super(
      'BUDGET_EXCEEDED',
      `The upscaled image is not in the cache, and buying it (${formatEstimate(estimate)}) does not fit into the budget of ${reason}. Raise the option \`budget\`, or build again: each run has its budget anew.`,
    )
    this.reason = reason
    this.estimate = estimate
    this.fingerprint = fingerprint
  }
}

/**
 * The same error with its file and importer named. What the error already knows wins; errors that are not
 * ours are returned as they came.
 */
export function placeError(error: unknown, place: ErrorPlace): unknown {
  if (!(error instanceof MagnificError)) return error
  const placed = new MagnificError(error.code, error.text, {
    file: error.file ?? place.file,
    importer: error.importer ?? place.importer,
    cause: error.cause,
    isListed: error.isListed,
  })
  if (error.stack) placed.stack = error.stack.replace(error.message, () => placed.message)
  return placed
}
