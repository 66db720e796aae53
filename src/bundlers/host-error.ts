import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { MagnificError, placeError } from '../core/errors.ts'
import { splitReference } from '../core/request.ts'

/** What Rollup and Vite tell of the modules that they have read so far. */
export interface ModuleInfos {
  getModuleIds(): Iterable<string>
  getModuleInfo(
    id: string,
  ): { importedIds: readonly string[]; dynamicallyImportedIds: readonly string[] } | null
}

/**
 * The first module that imports an id. While an id is loaded, its own `importers` are not filled in yet; what the others
 * import is. Searched only when there is an error to tell: noting every import would slow every build down.
 */
function findImporter(infos: ModuleInfos, id: string): string | undefined {
  for (const candidate of infos.getModuleIds()) {
    const info = infos.getModuleInfo(candidate)
    if (info?.importedIds.includes(id) || info?.dynamicallyImportedIds.includes(id)) {
      return candidate
    }
  }
  return undefined
}

/** Whether an error is about what surrounds a build: it comes up with each image, and one tells it for all. */
export function isOfSurroundings(error: unknown): boolean {
  return error instanceof MagnificError && ['NO_API_KEY', 'REMOTE_FAILED'].includes(error.code)
}

/** Whether one error speaks for all images that it came up with. */
export function isToldOnce(error: unknown): error is MagnificError {
  return error instanceof MagnificError && (error.isListed || isOfSurroundings(error))
}

/**
 * Rolldown shows every error of a build, and the one that the build fails with speaks for this one. What stands in for the
 * image is never shipped; if it were, it would not be silent.
 */
export function renderFailure(error: MagnificError): { code: string; map: null; moduleType: 'js' } {
  const code = `throw new Error(${JSON.stringify(error.message)})\nexport default undefined\n`
  return { code, map: null, moduleType: 'js' }
}

/**
 * Gives an error what Rollup and Vite show of one: the id, the importer, and the line where the reference stands.
 * Errors that are not ours are returned as they came.
 *
 * @param reference what was asked for: an id, or as the importer writes it
 */
export function locateError(
  error: unknown,
  reference: string,
  importer: string | undefined,
): unknown {
  const file = importer === undefined ? undefined : splitReference(importer).file
  const placed = placeError(error, { importer: file })
  if (!(placed instanceof MagnificError)) return placed
  // Where in this package the error was made helps nobody, and hosts print it.
  placed.stack = `${placed.name}: ${placed.message}`
  const mention = file === undefined ? undefined : findMention(file, reference)
  // Hosts write the place behind the id.
  return Object.assign(placed, { id: mention ? file : reference }, mention)
}

/**
 * The same for an error that came up while an id was loaded, when nobody says who imports it.
 *
 * @param infos the plugin context of the hook
 */
export function locateImport(error: unknown, id: string, infos: ModuleInfos): unknown {
  return locateError(error, id, findImporter(infos, id))
}

/**
 * Where a file speaks of a reference, as Rollup and Vite show it: lines count from 1, columns from 0.
 *
 * @returns `undefined` where the file cannot be read, or writes the reference in some other way
 */
function findMention(
  file: string,
  reference: string,
): { loc: { file: string; line: number; column: number }; frame: string } | undefined {
  let source: string
  try {
    source = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const { file: path, query } = splitReference(reference)
  // Aliases change folders, and hosts add keys to queries: the file's name stays, and so does most of the query.
  const name = basename(path)
  const offsets = [`${name}?${query}`, `${name}?`].map((text) => source.indexOf(text))
  const offset = offsets.find((found) => found !== -1)
  if (offset === undefined) return undefined
  let start = offset
  while (start > 0 && !/[\s"'`(]/.test(source[start - 1] ?? '')) start--
  const end = offset + (/["'`)\s]|$/.exec(source.slice(offset))?.index ?? 0)
  const before = source.slice(0, start).split('\n')
  const column = before.at(-1)?.length ?? 0
  return {
    loc: { file, line: before.length, column },
    frame: renderFrame(source, before.length, column, end - start),
  }
}

/** The lines around a place, numbered, with the place underlined. */
function renderFrame(source: string, line: number, column: number, length: number): string {
  const lines = source.split('\n')
  const first = Math.max(line - 3, 0)
  const width = String(line + 2).length
  return lines
    .slice(first, line + 2)
    .flatMap((text, index) => {
      const number = first + index + 1
      const shown = `${String(number).padStart(width)} | ${text}`
      const mark = `${' '.repeat(width)} | ${' '.repeat(column)}${'^'.repeat(length)}`
      return number === line ? [shown, mark] : [shown]
    })
    .join('\n')
}
