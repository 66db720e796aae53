import { isAbsolute, relative } from 'node:path'
import pc from 'picocolors'
import { formatPath } from './core/format-path.ts'
import { formatBytes, formatDuration, formatEstimate, formatSize } from './core/format-units.ts'
import type { VariantInfo } from './store/variants.ts'

/**
 * Where a shipped picture came from: `paid` in this build, `resumed` from a task that an earlier build paid for,
 * `cached`, or in place of a result `preview` or `original`.
 */
export type Origin = 'paid' | 'resumed' | 'cached' | 'preview' | 'original'

/** One image of a build. */
export interface ReportEntry {
  /** What makes it the same image as another one: listed once, however often it is referenced. */
  key: string
  /** The source, an absolute path. */
  file: string
  from: Origin
  /** What it took in this build, ms; 0 for what was cached. */
  duration: number
  /** euros; 0 where nothing was bought */
  estimate: number
  /** Reads the figures of the shipped picture; they are on the disk, and a warm build does not show them. */
  readInfo: () => VariantInfo | undefined
}

/** What a build did, told at its end. */
export interface Report {
  add(entry: ReportEntry): void
  /**
   * The summary, and a fresh start for the next build.
   *
   * @returns `undefined` where there were no images; one line where all of them were cached
   */
  take(): string | undefined
}

/** How a report speaks of paths and of the service. */
export interface ReportSettings {
  root: string
  service: string
  baseUrl: string
}

/** A table with more rows than this names only what was not cached. */
const manyRows = 30

/** An empty report. */
export function createReport(settings: ReportSettings): Report {
  let entries = new Map<string, ReportEntry>()
  return {
    add: (entry) => {
      const known = entries.get(entry.key)
      if (!known || known.from === 'cached') entries.set(entry.key, entry)
    },
    take: () => {
      const taken = [...entries.values()]
      entries = new Map()
      return taken.length === 0 ? undefined : renderReport(taken, settings)
    },
  }
}

/** One image on a line of its own, as it is told when it is done. */
export function renderLine(entry: ReportEntry, root: string): string {
  const info = entry.readInfo()
  const path = relative(root, entry.file)
  return [
    `magnific ${isAbsolute(path) ? entry.file : path}`,
    info ? `${formatSize(info.source)} → ${formatSize(info)}` : '',
    entry.from,
    formatDuration(entry.duration),
    entry.estimate > 0 ? formatEstimate(entry.estimate) : '',
  ]
    .filter(Boolean)
    .join('  ')
}

function renderReport(entries: readonly ReportEntry[], settings: ReportSettings): string {
  const totals = renderTotals(entries, settings)
  if (entries.every(({ from }) => from === 'cached')) return totals
  const rows = entries
    .filter(({ from }) => entries.length <= manyRows || from !== 'cached')
    .map((entry) => renderRow(entry, settings.root))
  return [...alignColumns(rows), totals].join('\n')
}

function renderRow(entry: ReportEntry, root: string): string[] {
  const info = entry.readInfo()
  return [
    formatPath(root, entry.file),
    info ? `${formatBytes(info.source.bytes)} → ${formatBytes(info.bytes)}` : '',
    info ? `${formatSize(info.source)} → ${formatSize(info)}` : '',
    entry.from,
    entry.duration > 0 ? formatDuration(entry.duration) : '',
    entry.estimate > 0 ? formatEstimate(entry.estimate) : '',
  ]
}

function renderTotals(entries: readonly ReportEntry[], settings: ReportSettings): string {
  const count = (from: Origin): number => entries.filter((entry) => entry.from === from).length
  const estimate = entries.reduce((sum, entry) => sum + entry.estimate, 0)
  const paid = count('paid')
  const parts = [
    `${entries.length} image${entries.length === 1 ? '' : 's'}`,
    ...(['paid', 'resumed', 'cached', 'preview', 'original'] as const)
      .filter((from) => count(from) > 0)
      .map((from) => `${count(from)} ${from}`),
    paid > 0 ? `${formatEstimate(estimate)} (an estimate)` : 'nothing paid',
  ]
  const elsewhere =
    settings.service === 'magnific'
      ? ''
      : ` · ${pc.yellow(`${settings.service === 'local' ? 'an emulator' : 'results'} at ${settings.baseUrl}, not Magnific`)}`
  const standIns = count('preview') + count('original')
  const warning =
    standIns > 0
      ? pc.yellow(`\n${standIns} of them not upscaled, as onMiss says: stand-ins are shipped.`)
      : ''
  return `${pc.cyan('magnific')} ${parts.join(' · ')}${elsewhere}${warning}`
}

/** Pads every column but the last to its widest cell; sizes and figures align to the left like Vite's. */
function alignColumns(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
