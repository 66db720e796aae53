/** What went wrong, stable across versions: for tests, scripts and issue reports. */
export type ErrorCode =
  | 'BAD_OPTIONS'
  | 'BAD_QUERY'
  | 'UNSUPPORTED_REFERENCE'
  | 'SOURCE_MISSING'
  | 'SOURCE_CHANGED'
  | 'SOURCE_REFUSED'
  | 'OUTPUT_TOO_LARGE'
  | 'NOT_CACHED'
  | 'NO_API_KEY'
  | 'API_REFUSED'
  | 'API_UNREACHABLE'
  | 'SUBMIT_AMBIGUOUS'
  | 'TASK_FAILED'
  | 'TASK_PENDING'
  | 'TASK_UNKNOWN'
  | 'RESULT_BAD'
  | 'CACHE_FAILED'
  | 'JOURNAL_FAILED'
  | 'ABORTED'

/** Where an error belongs: the image's file and the module that asked for it, as absolute paths. */
export interface ErrorPlace {
  file?: string | undefined
  importer?: string | undefined
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

  constructor(code: ErrorCode, text: string, options: ErrorPlace & { cause?: unknown } = {}) {
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
    this.importer = options.importer
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
  })
  if (error.stack) placed.stack = error.stack.replace(error.message, () => placed.message)
  return placed
}
