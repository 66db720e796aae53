import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MagnificError } from '../../core/errors.ts'
import { readText } from './change.ts'
import type { Change } from './change.ts'

/**
 * Writes every change, each file whole or not at all. What cannot be written is found out before the first one is.
 *
 * @throws MagnificError `BAD_COMMAND`
 */
export function writeChanges(changes: readonly Change[]): void {
  for (const change of changes) checkWritable(change)
  for (const change of changes) writeWhole(change)
}

function checkWritable({ path, before }: Change): void {
  // Whoever may write the folder could replace the file, and whoever is root may do anything: neither was asked for.
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats && (stats.mode & 0o222) === 0) throw refuse(path, 'it is read-only')
  if (readText(path) !== before) throw refuse(path, 'it has changed meanwhile')
}

function writeWhole({ path, after }: Change): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  const target = stats ? realpathSync(path) : path
  const tmp = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}.tmp`)
  try {
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(tmp, after, { flag: 'wx' })
    if (stats) chmodSync(tmp, stats.mode & 0o777)
    renameSync(tmp, target)
  } catch (error) {
    rmSync(tmp, { force: true })
    throw refuse(path, (error as Error).message, error)
  }
}

function refuse(path: string, why: string, cause?: unknown): MagnificError {
  return new MagnificError(
    'BAD_COMMAND',
    `${path} cannot be written: ${why}. Mend that, and run \`magnific init\` again: what is done is not done twice.`,
    { cause },
  )
}
