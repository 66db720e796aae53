import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { PartialMessage } from 'esbuild'
import { MagnificError } from '../../core/errors.ts'
import { locateError } from '../host-error.ts'

/**
 * An error as esbuild tells of it. Where it stands is added by esbuild, which knows the import that led here.
 *
 * @throws the error itself where it is none of ours: esbuild shows its stack
 */
export function toMessage(error: unknown): PartialMessage {
  if (!(error instanceof MagnificError)) throw error
  return { text: error.message, detail: error }
}

/**
 * The same of an error that esbuild knows no place of.
 *
 * @param reference as the importer writes it
 * @param cwd what esbuild tells paths from
 */
export function toLocatedMessage(
  error: MagnificError,
  reference: string,
  cwd: string,
): PartialMessage {
  const { loc } = locateError(error, reference, error.importer) as {
    loc?: { file: string; line: number; column: number }
  }
  const message = toMessage(error)
  if (!loc) return message
  const lineText = readFileSync(loc.file, 'utf8').split('\n')[loc.line - 1] ?? ''
  const length = Buffer.byteLength(reference)
  const column = Buffer.byteLength(lineText.slice(0, loc.column))
  return {
    ...message,
    location: { ...loc, file: relative(cwd, loc.file), column, lineText, length },
  }
}
