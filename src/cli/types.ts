import { relative, resolve } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { createTypesFile } from '../dts/types-file.ts'
import { loadProject } from './project.ts'
import type { ProjectFlags } from './project.ts'

/** The flags of `magnific types`. */
export interface TypesFlags extends ProjectFlags {
  /** Where the types go, from where we stand. */
  out?: string | undefined
  /** Whether to look only. */
  check?: boolean | undefined
  json?: boolean | undefined
}

/**
 * Writes the file of types, or looks whether it is up to date.
 *
 * @throws MagnificError `BAD_COMMAND` for one that is out of date and was only to be looked at; `BAD_CONFIG`, `BAD_OPTIONS`
 */
export async function runTypes(
  { out, config, check = false, json = false }: TypesFlags,
  write: (text: string) => void,
): Promise<void> {
  const cwd = process.cwd()
  // Types need neither a key nor a host, and the environment may speak of both.
  const { options, ignored } = await loadProject({ config }, {})
  const settings = out === undefined ? options : { ...options, dts: resolve(cwd, out) }
  const file = createTypesFile(settings, ignored)
  await file.scan()
  const changed = check ? !(await file.isCurrent()) : await file.write()
  const path = relative(cwd, file.path)
  if (check && changed) {
    throw new MagnificError(
      'BAD_COMMAND',
      `${path} is not up to date. Run \`magnific types\`, and commit what it writes.`,
    )
  }
  const said = changed ? `${path} is written.` : `${path} is up to date.`
  write(json ? JSON.stringify({ file: file.path, changed }, null, 2) : said)
}
