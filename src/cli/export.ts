import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { formatBytes } from '../core/format-units.ts'
import { shorten } from '../purchase/errors.ts'
import { listExported } from '../purchase/export.ts'
import type { Exported } from '../purchase/export.ts'
import { writeArchive } from '../store/archive-writer.ts'
import { createRecordStore } from '../store/records.ts'
import type { Workspace } from './workspace.ts'

/** How it is written. */
export interface ExportFlags {
  /** Also where there is such a file. */
  force?: boolean | undefined
}

/**
 * Writes the cache as one archive: results, bytes and journal. What is damaged is left out, and told.
 *
 * @param name `.tar`, `.tgz` or `.tar.gz`, from the working directory
 * @throws MagnificError `BAD_COMMAND` where it cannot be written, or something was left out
 */
export async function runExport(
  workspace: Workspace,
  name: string,
  { force = false }: ExportFlags,
): Promise<void> {
  const { layout, blobs, journal, dir, print } = workspace
  const file = resolve(name)
  checkTarget(file, name, force)
  const exported: Exported = { results: 0, attempts: 0, bytes: 0, leftOut: [] }
  const damaged: string[] = []
  const records = createRecordStore(layout, (message) => void damaged.push(message))
  const context = { layout, blobs, journal, records }
  await explainDisk(file, async () => writeArchive(file, listExported(context, exported)))

  const { results, attempts, leftOut } = exported
  const bytes = statSync(file).size
  const open = attempts > 0 ? `, ${attempts} pending or undecided,` : ''
  const count = `${results.toLocaleString('en-US')} ${results === 1 ? 'result' : 'results'}`
  print(
    [
      ...damaged,
      ...leftOut.map(
        (each) =>
          `${shorten(each.fingerprint)}  left out    ${each.file || 'unknown file'}  ${each.what}`,
      ),
      `exported ${count}${open} (${formatBytes(bytes)}) to ${file}${leftOut.length > 0 ? `, ${leftOut.length} left out` : ''}`,
    ].join('\n'),
    { cacheDir: dir, file, bytes, results, attempts, leftOut, damaged },
  )
  const bad = leftOut.length + damaged.length
  if (bad > 0) {
    throw new MagnificError(
      'BAD_COMMAND',
      `${bad === 1 ? 'One thing is' : `${bad} things are`} not in the archive as it should be. \`magnific verify\` repairs what can be repaired; then export once more.`,
    )
  }
}

function checkTarget(file: string, name: string, force: boolean): void {
  if (!/\.(?:tar|tgz|tar\.gz)$/.test(file)) {
    throw refusal(`"${name}" is no name for an archive: let it end in .tar, .tgz or .tar.gz.`)
  }
  if (!existsSync(dirname(file))) throw refusal(`There is no directory "${dirname(file)}".`)
  if (!existsSync(file)) return
  if (!statSync(file).isFile()) throw refusal(`"${name}" is no file.`)
  if (!force) throw refusal(`"${name}" is there already. Add --force to overwrite it.`)
}

async function explainDisk(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (error instanceof MagnificError) throw error
    throw refusal(`${file} cannot be written: ${(error as Error).message}`)
  }
}

function refusal(text: string): MagnificError {
  return new MagnificError('BAD_COMMAND', text)
}
