import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { importStaged } from '../purchase/import.ts'
import type { Imported } from '../purchase/import.ts'
import { readArchive } from '../store/archive-reader.ts'
import type { ReadArchive } from '../store/archive-reader.ts'
import { createTmpPath } from '../store/files.ts'
import { createLayout, prepareLayout } from '../store/layout.ts'
import type { Workspace } from './workspace.ts'

/** So many refusals are told. */
const manyRefusals = 20

/**
 * Takes over what an archive holds, after everything in it was checked. Nothing that is in the cache is altered.
 *
 * @param name from the working directory
 * @throws MagnificError `BAD_COMMAND` where the archive cannot be read, or something of it was refused
 */
export async function runImport(workspace: Workspace, name: string, now: number): Promise<void> {
  const { dir, layout, print } = workspace
  const file = resolve(name)
  const { read, imported } = await importArchive(workspace, file, now)
  const { results, there, attempts } = imported
  const refused = [...read.refused, ...imported.refused]
  const sums = [
    `imported ${results.toLocaleString('en-US')} ${results === 1 ? 'result' : 'results'}`,
    there > 0 && `${there.toLocaleString('en-US')} already there`,
    attempts > 0 && `${attempts} pending or undecided`,
    refused.length > 0 && `${refused.length.toLocaleString('en-US')} refused`,
  ].filter(Boolean)
  print(
    [
      ...refused.slice(0, manyRefusals).map(({ path, why }) => `${show(path)}: refused, ${why}`),
      ...(refused.length > manyRefusals ? [`… and ${refused.length - manyRefusals} more`] : []),
      ...(read.cut === undefined ? [] : [`It was not read to its end: ${show(read.cut)}.`]),
      `${sums.join(', ')}  in ${dir}`,
    ].join('\n'),
    { cacheDir: layout.dir, file, results, there, attempts, refused, cut: read.cut ?? null },
  )
  if (refused.length > 0 || read.cut !== undefined) {
    throw new MagnificError(
      'BAD_COMMAND',
      `${file} was not taken over as a whole. What was good in it is here; for the rest, export it anew.`,
    )
  }
}

async function importArchive(
  { layout, blobs, journal, records }: Workspace,
  file: string,
  now: number,
): Promise<{ read: ReadArchive; imported: Imported }> {
  await prepareLayout(layout, now)
  const stage = createLayout(await createTmpPath(layout.tmp))
  try {
    const wantsBlob = (sha256: string): boolean => blobs.verify(sha256) === undefined
    const read = await readArchive(file, { dir: stage.dir, wantsBlob })
    const imported = await importStaged(stage, { layout, blobs, journal, records })
    return { read, imported }
  } catch (error) {
    if (error instanceof MagnificError) throw error
    throw new MagnificError(
      'BAD_COMMAND',
      `${file} cannot be imported: ${(error as Error).message}`,
    )
  } finally {
    await rm(stage.dir, { recursive: true, force: true })
  }
}

/** What strangers wrote must not move a terminal's cursor. */
function show(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?')
}
