import { join, relative, resolve, sep } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { defaultReport } from '../core/report-option.ts'
import { renderReport } from '../inspector/report.ts'
import { writeReport } from '../inspector/write-report.ts'
import { scanWorkspace } from './survey.ts'
import { isFolder } from './workspace.ts'
import type { Workspace } from './workspace.ts'

/** The flags of `magnific report`. */
export interface ReportFlags {
  /** Where the report goes, from where we stand. */
  out?: string | undefined
}

/**
 * Writes what the sources refer to into one HTML file.
 *
 * @throws MagnificError `BAD_CONFIG`; `BAD_FLAG` where `out` is a folder
 */
export async function runReport(workspace: Workspace, { out }: ReportFlags): Promise<void> {
  const { options, print, warn } = workspace
  const { root, report = defaultReport } = options
  const file = out === undefined ? resolve(root, report) : resolve(out)
  // Told before anything is made.
  if (out !== undefined && isMeantAsFolder(out)) {
    throw new MagnificError(
      'BAD_FLAG',
      `-o takes a file, and "${out}" is a folder. Name one in it: -o ${join(out, defaultReport)}`,
    )
  }
  const found = await scanWorkspace(workspace, [])
  const { html, inspection } = await renderReport(options, { info: warn, warn }, found)
  await writeReport(file, html)
  const { totals, problems } = inspection
  for (const { file: path, message } of problems) warn(`${path}: ${message.trim()}`)
  const { images } = totals
  print(
    `${relative(process.cwd(), file)} is written: ${images} image${images === 1 ? '' : 's'}, ${totals.byState.cached} cached.`,
    { file, totals, problems },
  )
}

/** What is written like a folder may not be there yet. */
function isMeantAsFolder(path: string): boolean {
  return path.endsWith('/') || path.endsWith(sep) || isFolder(path)
}
