import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { ResolvedOptions } from '../core/options.ts'
import { findReferences, readReferences } from '../scan/find-references.ts'
import type { ModuleReference, ModuleSettings } from '../scan/find-references.ts'
import { isSource } from '../scan/list-sources.ts'
import { defaultDts } from '../core/dts-option.ts'
import { readMetQueries, renderDeclarations } from './render-declarations.ts'

/** The file that `dts` speaks of, and what is known about it. One for each plugin instance, or command. */
export interface TypesFile {
  /** An absolute path. */
  readonly path: string
  /** Whether a change of this file may change the types. */
  concerns(file: string): boolean
  /** Reads all sources anew. */
  scan(): Promise<void>
  /** Reads sources anew that were written, added or deleted. */
  rescan(files: Iterable<string>): void
  /** Takes queries that a build met. They are declared where no source has them, and stay when they are not met again. */
  meet(queries: Iterable<string>): void
  /**
   * Brings the file up to date with what is known: whole or not at all, and only where its text changes.
   *
   * @returns whether it was out of date
   * @throws the error of node:fs
   */
  write(): Promise<boolean>
  /** Whether `write` would leave it as it is. */
  isCurrent(): Promise<boolean>
}

/** What says where the types are, and what queries mean. */
export type TypesSettings = Pick<
  ResolvedOptions,
  'root' | 'defaults' | 'presets' | 'passthrough' | 'dts'
>

/**
 * @param ignored folders that hold no sources, such as the one that is built into: absolute paths
 */
export function createTypesFile(options: TypesSettings, ignored: readonly string[]): TypesFile {
  const { root, passthrough, dts = defaultDts } = options
  const path = resolve(root, dts)
  const settings: ModuleSettings = { root, ignored, passthrough }
  let found = new Map<string, ModuleReference[]>()
  const met = new Set<string>()

  const render = async (): Promise<{ text: string; isCurrent: boolean }> => {
    const before = await readFile(path, 'utf8').catch(() => '')
    const text = renderDeclarations({
      found: [...found.values()].flat(),
      met: new Set([...readMetQueries(before.replaceAll('\r\n', '\n')), ...met]),
      vocabulary: options,
    })
    // As git may have checked it out.
    return { text, isCurrent: before.replaceAll('\r\n', '\n') === text }
  }

  return {
    path,
    concerns: (file) => isSource(file, settings),
    scan: async () => {
      found = groupByImporter(await findReferences(settings))
    },
    rescan: (files) => {
      for (const file of files) found.set(file, readReferences(file, settings))
    },
    meet: (queries) => {
      for (const query of queries) met.add(query)
    },
    write: async () => {
      const { text, isCurrent } = await render()
      if (!isCurrent) await replaceFile(root, path, text)
      return !isCurrent
    },
    isCurrent: async () => (await render()).isCurrent,
  }
}

/** Beside the file, and with a dot, so that it is on the same disk and nobody takes it for a source. */
async function replaceFile(root: string, path: string, text: string): Promise<void> {
  const tmp = join(
    dirname(path),
    `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}`,
  )
  try {
    if (dirname(path) !== root) await mkdir(dirname(path), { recursive: true })
    await writeFile(tmp, text, { flag: 'wx' })
    await rename(tmp, path)
  } catch (error) {
    await rm(tmp, { force: true })
    throw error
  }
}

function groupByImporter(references: readonly ModuleReference[]): Map<string, ModuleReference[]> {
  const groups = new Map<string, ModuleReference[]>()
  for (const reference of references) {
    const group = groups.get(reference.importer)
    if (group) group.push(reference)
    else groups.set(reference.importer, [reference])
  }
  return groups
}
