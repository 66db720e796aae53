import { relative, resolve } from 'node:path'
import { defaultReport } from '../core/report-option.ts'
import { renderReport } from '../inspector/report.ts'
import { writeReport } from '../inspector/write-report.ts'
import { scanWorkspace } from './survey.ts'
import type { Workspace } from './workspace.ts'

/** The flags of `magnific report`. */
export interface ReportFlags {
  /** Where the report goes, from where we stand. */
  out?: string | undefined
}

/**
 * Writes what the sources refer to into one HTML file.
 *
 * @throws MagnificError `BAD_CONFIG`
 */
export async function runReport(workspace: Workspace, { out }: ReportFlags): Promise<void> {
  const { options, print, warn } = workspace
  const { root, report = defaultReport } = options
  const file = out === undefined ? resolve(root, report) : resolve(out)
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
