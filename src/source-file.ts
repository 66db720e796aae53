import { statSync } from 'node:fs'
import { MagnificError } from './core/errors.ts'
import { isMissing } from './store/files.ts'
import type { Memo } from './store/memo.ts'

/**
 * SHA-256 of a source's bytes.
 *
 * @throws MagnificError `SOURCE_MISSING`
 */
export function hashSource(file: string, memo: Memo): string {
  try {
    return memo.hash(file)
  } catch (error) {
    throw explainSource(error)
  }
}

/**
 * Makes sure that what was made of a source is kept under the hash of the bytes that it was made of.
 *
 * @throws MagnificError `SOURCE_CHANGED`, `SOURCE_MISSING`
 */
export function verifySource(file: string, sourceHash: string, memo: Memo): void {
  if (hashSource(file, memo) === sourceHash) return
  throw new MagnificError(
    'SOURCE_CHANGED',
    'The image changed while it was read. What is paid for is kept: build again.',
    { file },
  )
}

/** @throws MagnificError `SOURCE_MISSING` where there is no file */
export function checkFile(file: string): void {
  try {
    if (!statSync(file).isFile()) throw new Error('not a file')
  } catch (error) {
    throw explainSource(error)
  }
}

function explainSource(error: unknown): MagnificError {
  const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
  return new MagnificError(
    'SOURCE_MISSING',
    isMissing(error)
      ? 'The image does not exist. Check the path, capitals included.'
      : `The image cannot be read (${reason}). Check that it is a file and may be read.`,
    { cause: error },
  )
}
