import { readFileSync } from 'node:fs'
import { MagnificError } from '../core/errors.ts'
import { splitReference } from '../core/request.ts'

/** Where a bundler shows an error: the fields that Rollup and Vite read. */
interface Located {
  id: string
  loc?: { file: string; line: number; column: number }
  frame?: string
}

/** The place of a reference in its importer. */
export interface Mention {
  importer: string
  /** As the importer writes it. */
  specifier: string
}

/**
 * Gives an error what Rollup and Vite show of one: the id, and the line of the importer where the reference stands.
 * Errors that are not ours are returned as they came.
 */
export function locateError(error: unknown, id: string, mention: Mention | undefined): unknown {
  if (!(error instanceof MagnificError)) return error
  const located: Located = { id }
  const place = mention && findMention(mention)
  if (place) {
    located.loc = { file: place.file, line: place.line, column: place.column }
    located.frame = renderFrame(place.source, place.line, place.column, place.length)
  }
  // Where in this package the error was made helps nobody, and hosts print it.
  error.stack = `${error.name}: ${error.message}`
  return Object.assign(error, located)
}

/**
 * Line and column of a specifier in its importer's source, as people count: lines from 1, columns from 0.
 *
 * @returns `undefined` where the importer is no file, or does not hold the specifier as a text
 */
function findMention({
  importer,
  specifier,
}: Mention):
  | { file: string; source: string; line: number; column: number; length: number }
  | undefined {
  const { file } = splitReference(importer)
  let source: string
  try {
    source = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const offset = source.indexOf(specifier)
  if (offset === -1) return undefined
  const before = source.slice(0, offset).split('\n')
  return {
    file,
    source,
    line: before.length,
    column: before.at(-1)?.length ?? 0,
    length: specifier.length,
  }
}

/** The lines around a place, numbered, with the place underlined. */
function renderFrame(source: string, line: number, column: number, length: number): string {
  const lines = source.split('\n')
  const first = Math.max(line - 3, 0)
  const shown = lines
    .slice(first, line + 2)
    .map((text, index) => ({ text, number: first + index + 1 }))
  const width = String(shown.at(-1)?.number ?? 0).length
  return shown
    .flatMap(({ text, number }) => [
      `${String(number).padStart(width)} | ${text}`,
      ...(number === line
        ? [`${' '.repeat(width)} | ${' '.repeat(column)}${'^'.repeat(length)}`]
        : []),
    ])
    .join('\n')
}
