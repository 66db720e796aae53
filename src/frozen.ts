import { resolve } from 'node:path'
import { MagnificError } from './core/errors.ts'
import { formatPath } from './core/format-path.ts'
import { alignColumns } from './core/format-table.ts'
import { formatEstimate, formatSize } from './core/format-units.ts'
import type { Logger } from './core/logger.ts'
import type { ResolvedOptions } from './core/options.ts'
import { createPlanner, isCounted } from './planner.ts'
import type { PlannableReference, PlannedReference, ReferenceState } from './planner.ts'
import type { ScanSources } from './prefetch.ts'
import type { Reference } from './shipment.ts'
import { RemoteError } from './store/remote/errors.ts'

/** What a frozen build misses, told in one piece. */
export interface FrozenMisses {
  /**
   * Waits until nothing else is under way, and looks at the sources for what the host has not come to yet.
   *
   * @returns the error to fail with: for the first one it lists all, the others are listed by it; what a build that
   *   buys would refuse too is told by itself
   */
  settle(miss: MagnificError, reference: Reference): Promise<MagnificError>
}

/** What a frozen build lists: whatever it would not find in the cache. */
const absent: readonly ReferenceState[] = ['missing', 'pending', 'ambiguous', 'failed']

/**
 * @param running what is under way; live
 * @param scan reads the sources; without it, what the host has come to is all that is known
 */
export function createFrozenMisses(
  options: ResolvedOptions,
  logger: Logger,
  running: ReadonlySet<Promise<unknown>>,
  scan: ScanSources | undefined,
): FrozenMisses {
  const met = new Map<string, Reference>()
  let listing: Promise<MagnificError | undefined> | undefined
  let told = false

  const list = async (first: MagnificError): Promise<MagnificError | undefined> => {
    while (running.size > 0) await Promise.allSettled(running)
    const found = (await scan?.().catch(() => [])) ?? []
    const planner = createPlanner(options, logger)
    const planned = await planner.plan([...found, ...[...met.values()].map(toPlannable)])
    const misses = new Map<string, PlannedReference>()
    for (const each of planned) {
      const isMiss = isCounted(each) && absent.includes(each.state)
      // What stands in a source is told with its line.
      if (isMiss && !misses.has(nameOf(each))) misses.set(nameOf(each), each)
    }
    const isUnknown = first.cause instanceof RemoteError
    return misses.size > 0 ? listMisses([...misses.values()], options, isUnknown) : undefined
  }

  const findRefused = async (reference: Reference): Promise<string | undefined> => {
    const [planned] = await createPlanner(options, logger).plan([toPlannable(reference)])
    return planned?.state === 'invalid' ? planned.reason : undefined
  }

  return {
    settle: async (miss, reference) => {
      met.set(nameOf(reference), reference)
      const all = await (listing ??= list(miss))
      // Nothing that is bought would mend it.
      const refused = await findRefused(reference)
      if (refused !== undefined) return new MagnificError('SOURCE_REFUSED', refused)
      if (!all) return miss
      if (told) return listedError()
      told = true
      return all
    },
  }
}

function nameOf({ file, query }: Reference): string {
  return `${file}?${query}`
}

function listedError(): MagnificError {
  return new MagnificError(
    'NOT_CACHED',
    'This image is not in the cache either: another error of this build lists all that are missing.',
    { isListed: true },
  )
}

function toPlannable({ file, query, importer = '' }: Reference): PlannableReference {
  return { specifier: nameOf({ file, query }), query, importer, file, reached: true, line: 0 }
}

function listMisses(
  misses: readonly PlannedReference[],
  { root, cacheDir, sharing, readOnly }: ResolvedOptions,
  isUnknown: boolean,
): MagnificError {
  const prices = new Map(misses.map(({ fingerprint, estimate }) => [fingerprint, estimate]))
  const total = [...prices.values()].reduce((sum, each) => sum + each, 0)
  const rows = misses.map((each) => [
    `    ${formatPath(root, each.file)}?${each.query}`,
    formatSize(each),
    each.state === 'missing' ? '' : each.state,
    each.estimate > 0 ? formatEstimate(each.estimate) : '',
    each.importer === ''
      ? ''
      : formatPath(root, each.importer) + (each.line ? `:${each.line}` : ''),
  ])
  const what = prices.size === 1 ? '1 image is' : `${prices.size} images are`
  const price = total > 0 ? ` (${formatEstimate(total)}, an estimate)` : ''
  const cache = formatPath(root, resolve(root, cacheDir))
  const why = readOnly ? 'a cache that is read only' : "onMiss: 'error'"
  const there = isUnknown ? 'not here, and cannot be looked for in' : 'neither here nor in'
  const where = sharing ? `${there} the shared cache (${sharing.name})` : 'not in the cache'
  const bring = sharing ? 'with the same shared cache' : `and bring ${cache} along`
  return new MagnificError(
    'NOT_CACHED',
    [
      `${what} ${where}, and ${why} buys nothing:`,
      ...alignColumns(rows),
      `  Run \`npx magnific upscale\` where images may be bought${price}, ${bring}.`,
    ].join('\n'),
  )
}
