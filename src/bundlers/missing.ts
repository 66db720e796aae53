import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { suggest } from '../core/nearest.ts'
import { splitReference } from '../core/request.ts'

/**
 * The file that a relative specifier names, if it is not there. Other specifiers are the host's to resolve.
 *
 * @param specifier as the importer writes it, with or without a query
 * @param importer a module's id
 */
export function findMissing(specifier: string, importer: string | undefined): string | undefined {
  const { file } = splitReference(specifier)
  if (!/^\.\.?[/\\]/.test(file) || importer === undefined || !isAbsolute(importer)) return undefined
  const path = resolve(dirname(splitReference(importer).file), file)
  return existsSync(path) ? undefined : path
}

/** Says that an image is not there, and which one of its neighbours was perhaps meant. */
export function missingError(file: string, importer: string | undefined): MagnificError {
  return new MagnificError(
    'SOURCE_MISSING',
    `The image does not exist. Check the path, capitals included.${suggest(basename(file), listNeighbours(file))}`,
    { file, importer },
  )
}

function listNeighbours(file: string): string[] {
  try {
    return readdirSync(dirname(file))
  } catch {
    return []
  }
}
