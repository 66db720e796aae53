import { show } from './option-readers.ts'

/** Where a build's report is written where no path is given, relative to the project's root. */
export const defaultReport = 'magnific-report.html'

/** The path of the report, where one is wanted. What is wrong is added to `problems`. */
export function readReport(value: unknown, problems: string[]): string | undefined {
  if (value === false) return undefined
  if (value === true) return defaultReport
  if (typeof value === 'string' && /[^/\\]\.html$/.test(value)) return value
  problems.push(
    `\`report\` must be true, false or a path that ends in .html, such as '${defaultReport}', got ${show(value)}.`,
  )
  return undefined
}
