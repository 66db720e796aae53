import { BudgetError, MagnificError } from './core/errors.ts'
import { formatPath } from './core/format-path.ts'
import { formatEstimate } from './core/format-units.ts'
import type { Logger } from './core/logger.ts'
import type { ResolvedOptions } from './core/options.ts'
import type { FrozenMisses } from './frozen.ts'
import type { ScanSources } from './prefetch.ts'
import type { Reference } from './shipment.ts'

interface Refused {
  /** The source, an absolute path. */
  file: string
  /** euros */
  estimate: number
}

/** What is not bought, told in one piece: what did not fit into the budget, and what a frozen build misses. */
export interface Refusals {
  /**
   * Waits until nothing else is under way, so that what was paid for is fetched before the build fails.
   *
   * @returns the error to fail with: for the first one it lists all; what is no refusal is returned as it came
   */
  settle(failure: unknown, reference: Reference): Promise<unknown>
  /** A build begins. */
  reset(): void
}

/**
 * @param logger is told at once that something did not fit, where the error has to wait
 * @param running what is under way; live
 * @param scan reads the sources of the build, where the host tells which they are
 */
export function createRefusals(
  options: ResolvedOptions,
  logger: Logger,
  running: ReadonlySet<Promise<unknown>>,
  scan?: ScanSources,
): Refusals {
  /** By fingerprint: an image that several modules want is bought once, and listed once. */
  let refused = new Map<string, Refused>()
  let frozen: Promise<FrozenMisses> | undefined

  const settleBudget = async (refusal: BudgetError, file: string): Promise<MagnificError> => {
    const { estimate, fingerprint } = refusal
    if (refused.size === 0 && running.size > 0) {
      logger.warn(
        `magnific: the budget of ${refusal.reason} is used up. What was paid for is fetched before the build ends.`,
      )
    }
    if (!refused.has(fingerprint)) refused.set(fingerprint, { file, estimate })
    while (running.size > 0) await Promise.allSettled(running)
    const all = [...refused.values()]
    refused = new Map()
    return all.length === 0 ? refusal : listRefusals(all, refusal, options.root)
  }

  const loadFrozen = async (): Promise<FrozenMisses> => {
    const { createFrozenMisses } = await import('./frozen.ts')
    return createFrozenMisses(options, logger, running, scan)
  }

  return {
    settle: async (failure, reference) => {
      if (failure instanceof BudgetError) return settleBudget(failure, reference.file)
      const isMiss = failure instanceof MagnificError && failure.code === 'NOT_CACHED'
      // A server tells of each image when it is asked for.
      if (!isMiss || options.command !== 'build') return failure
      return (await (frozen ??= loadFrozen())).settle(failure, reference)
    },
    reset: () => {
      frozen = undefined
    },
  }
}

function listRefusals(
  refused: readonly Refused[],
  { reason }: BudgetError,
  root: string,
): MagnificError {
  const total = refused.reduce((sum, { estimate }) => sum + estimate, 0)
  const lines = refused.map(
    ({ file, estimate }) => `    ${formatPath(root, file)}  ${formatEstimate(estimate)}`,
  )
  const what = refused.length === 1 ? '1 image does not fit' : `${refused.length} images do not fit`
  return new MagnificError(
    'BUDGET_EXCEEDED',
    [
      `${what} into the budget of ${reason}, and nothing was paid for what is listed (${formatEstimate(total)} in all, an estimate):`,
      ...lines,
      '  What was paid for is kept. Raise the option `budget`, or build again: each run has its budget anew.',
    ].join('\n'),
  )
}
