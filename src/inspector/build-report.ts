import { resolve } from 'node:path'
import { defaultReport } from '../core/report-option.ts'
import { formatPath } from '../core/format-path.ts'
import type { Logger } from '../core/logger.ts'
import type { ResolvedOptions } from '../core/options.ts'
import type { PlannableReference } from '../planner.ts'
import type { ScanSources } from '../prefetch.ts'
import type { Reference } from '../shipment.ts'
import type { Found } from './inspect.ts'
import { renderReport } from './report.ts'
import { writeReport } from './write-report.ts'

/**
 * Writes the report of a build: of what it shipped, and of nothing else. What hinders it is warned of, since no build fails
 * because of a report.
 *
 * @param met what the build has shipped
 * @param scan reads the sources, where the host tells which they are: they tell lines
 */
export async function writeBuildReport(
  options: ResolvedOptions,
  logger: Logger,
  met: readonly Reference[],
  scan?: ScanSources,
): Promise<void> {
  const { root, report = defaultReport } = options
  const file = resolve(root, report)
  try {
    const scanned = await scan?.().catch(() => undefined)
    const { html } = await renderReport(options, logger, findPlaces(met, scanned ?? []))
    await writeReport(file, html)
    logger.info(`magnific: the report is in ${formatPath(root, file)}`)
  } catch (error) {
    logger.warn(`magnific: the report ${file} is not written (${(error as Error).message}).`)
  }
}

/** Where the sources refer to what was shipped; else by whom the host says that it was asked for. */
function findPlaces(met: readonly Reference[], scanned: readonly PlannableReference[]): Found {
  const keyOf = ({ file, query }: { file?: string | undefined; query: string }): string =>
    `${file}?${query}`
  const shipped = new Set(met.map(keyOf))
  const located = scanned.filter((each) => each.reached !== false && shipped.has(keyOf(each)))
  const known = new Set(located.map(keyOf))
  const others = met
    .filter((each) => !known.has(keyOf(each)))
    .map(({ file, query, importer = '' }): PlannableReference => {
      const specifier = `${file}?${query}`
      return { specifier, query, importer, file, reached: true, line: 0 }
    })
  return { references: [...located, ...others], problems: [] }
}
