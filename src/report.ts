import { isAbsolute, relative } from 'node:path'
import { colors } from './core/colors.ts'
import { compareTexts } from './core/compare-texts.ts'
import { formatPath } from './core/format-path.ts'
import { alignColumns } from './core/format-table.ts'
import { formatBytes, formatDuration, formatEstimate, formatSize } from './core/format-units.ts'
import type { Shipment } from './shipment.ts'
import type { VariantInfo } from './store/variants.ts'

/**
 * Where a shipped picture came from: `paid` in this build, `resumed` from a task that an earlier build paid for,
 * `cached`, or in place of a result `preview` or `original`.
 */
export type Origin = 'paid' | 'resumed' | 'cached' | 'preview' | 'original'

/** One image of a build. */
export interface ReportEntry {
  /** The result and the source that it was made from: what counts as one image while it is waited for. */
  image: string
  /** The variants' keys: what makes it the same as another one, listed once however often it is referenced. */
  keys: readonly string[]
  /** The source, an absolute path. */
  file: string
  from: Origin
  /** Whether it is cached because another machine had it. */
  isShared?: boolean | undefined
  /** What it took in this build, ms; 0 for what was cached. */
  duration: number
  /** euros; 0 where nothing was bought */
  estimate: number
  /** The pictures; their figures are on the disk, and a warm build does not show them. */
  shipment: Pick<Shipment, 'variants'>
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
      const key = `${entry.keys.join()}/${entry.file}`
      const known = entries.get(key)
      if (!known || (known.from === 'cached' && !known.isShared)) entries.set(key, entry)
    },
    take: () => {
      const taken = dropParts([...entries.values()])
      entries = new Map()
      return taken.length === 0 ? undefined : renderReport(taken, settings)
    },
  }
}

/** Hosts that ask for each of several variants by itself have been told of all of them. */
function dropParts(entries: readonly ReportEntry[]): ReportEntry[] {
  const parts = new Set(
    entries.flatMap(({ keys, file }) =>
      keys.length > 1 ? keys.map((key) => `${key}/${file}`) : [],
    ),
  )
  return entries.filter(({ keys, file }) => keys.length > 1 || !parts.has(`${keys[0]}/${file}`))
}

/** One image on a line of its own, as it is told when it is done. */
export function renderLine(entry: ReportEntry, root: string): string {
  const info = summarize(entry)
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
    .map((entry) => ({ ...entry, pixels: countPixels(entry) }))
    // In which order they were done is another one each time.
    .toSorted((a, b) => compareTexts(a.file, b.file) || b.pixels - a.pixels)
    .map((entry) => renderRow(entry, settings.root))
  return [...alignColumns(rows), totals].join('\n')
}

function renderRow(entry: ReportEntry, root: string): string[] {
  const info = summarize(entry)
  return [
    formatPath(root, entry.file),
    info ? `${formatBytes(info.source.bytes)} → ${formatBytes(info.bytes)}${info.several}` : '',
    info ? `${formatSize(info.source)} → ${formatSize(info)}` : '',
    entry.from,
    entry.duration > 0 ? formatDuration(entry.duration) : '',
    entry.estimate > 0 ? formatEstimate(entry.estimate) : '',
  ]
}

function countPixels(entry: ReportEntry): number {
  const { width = 0, height = 0 } = summarize(entry) ?? {}
  return width * height
}

/** Of several variants, all bytes and the largest size. */
function summarize({ shipment }: ReportEntry): (VariantInfo & { several: string }) | undefined {
  const infos = shipment.variants
    .map(({ readInfo }) => readInfo())
    .filter((info) => info !== undefined)
  const [first, ...others] = infos.toSorted((a, b) => b.width * b.height - a.width * a.height)
  if (!first) return undefined
  const bytes = others.reduce((sum, info) => sum + info.bytes, first.bytes)
  return { ...first, bytes, several: others.length > 0 ? ` in ${infos.length} files` : '' }
}

/** What other machines have bought is told of in the build that takes it from them. */
function describeShared(entries: readonly ReportEntry[]): string {
  const shared = entries.filter(({ isShared }) => isShared).length
  return shared > 0 ? ` (${shared} from the shared cache)` : ''
}

function renderTotals(entries: readonly ReportEntry[], settings: ReportSettings): string {
  const count = (from: Origin): number => entries.filter((entry) => entry.from === from).length
  const estimate = entries.reduce((sum, entry) => sum + entry.estimate, 0)
  const paid = count('paid')
  const parts = [
    `${entries.length} image${entries.length === 1 ? '' : 's'}`,
    ...(['paid', 'resumed', 'cached', 'preview', 'original'] as const)
      .filter((from) => count(from) > 0)
      .map((from) => `${count(from)} ${from}${from === 'cached' ? describeShared(entries) : ''}`),
    paid > 0 ? `${formatEstimate(estimate)} (an estimate)` : 'nothing paid',
  ]
  const elsewhere =
    settings.service === 'magnific'
      ? ''
      : ` · ${colors.yellow(`${settings.service === 'local' ? 'an emulator' : 'results'} at ${settings.baseUrl}, not Magnific`)}`
  const standIns = count('preview') + count('original')
  const warning =
    standIns > 0
      ? colors.yellow(`\n${standIns} of them not upscaled, as onMiss says: stand-ins are shipped.`)
      : ''
  return `${colors.cyan('magnific')} ${parts.join(' · ')}${elsewhere}${warning}`
}
