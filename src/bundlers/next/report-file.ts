import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import type { ResolvedOptions } from '../../core/options.ts'
import { createReport } from '../../report.ts'
import type { Report, ReportEntry } from '../../report.ts'
import { createLayout } from '../../store/layout.ts'
import type { VariantInfo } from '../../store/variants.ts'

// Turbopack's loaders run in several processes, which end without a word, and webpack has three compilers: each writes down
// what it did, and the process that started them tells it in one piece.

type Line = Omit<ReportEntry, 'shipment'> & { infos: (VariantInfo | undefined)[] }

/**
 * Where a build of Next writes down what it does.
 *
 * @param isLoader whether a process of Turbopack asks, and not the one that runs the build
 */
export function findReportFile(root: string, cacheDir: string, isLoader = false): string {
  const { tmp } = createLayout(resolve(root, cacheDir))
  // Processes are children of the build's, threads are part of it.
  const pid = isLoader && isMainThread ? process.ppid : process.pid
  return join(tmp, `next-${pid}.jsonl`)
}

/** A report that is written down, for whoever tells it. What cannot be written is not told, and nothing else. */
export function createReportWriter(file: string): Report {
  return {
    add: ({ shipment, ...entry }) => {
      const infos = shipment.variants.map(({ readInfo }) => readInfo())
      const line: Line = { ...entry, infos }
      try {
        mkdirSync(dirname(file), { recursive: true })
        appendFileSync(file, `${JSON.stringify(line)}\n`)
      } catch {
        // The build is as good without.
      }
    },
    take: () => undefined,
  }
}

/** Takes what was written down, and renders it. */
export function takeReport(options: ResolvedOptions): string | undefined {
  const file = findReportFile(options.root, options.cacheDir)
  const report = createReport(options)
  for (const line of readLines(file)) {
    const { infos, ...entry } = line
    report.add({
      ...entry,
      shipment: {
        variants: infos.map((info) => ({
          file: '',
          directives: { format: 'png' },
          readInfo: () => info,
        })),
      },
    })
  }
  rmSync(file, { force: true })
  return report.take()
}

/** Removes what another build left behind, whose process had this one's number. */
export function forgetReport(root: string, cacheDir: string): void {
  rmSync(findReportFile(root, cacheDir), { force: true })
}

function readLines(file: string): Line[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line) as Line)
  } catch {
    return []
  }
}
