import { MagnificError } from './core/errors.ts'
import type { BudgetError } from './core/errors.ts'
import { formatPath } from './core/format-path.ts'
import { formatEstimate } from './core/format-units.ts'
import type { Logger } from './core/logger.ts'

interface Refused {
  /** The source, an absolute path. */
  file: string
  /** euros */
  estimate: number
}

/** What did not fit into the budget, told in one piece. */
export interface Refusals {
  /**
   * Waits until nothing else is under way, so that what was paid for is fetched before the build fails.
   *
   * @param file the source, an absolute path
   * @returns the error to fail with: for the first one it lists all
   */
  settle(refusal: BudgetError, file: string): Promise<MagnificError>
}

/**
 * @param root the project, for names in the list
 * @param logger is told at once that something did not fit, where the error has to wait
 * @param running what is under way; live
 */
export function createRefusals(
  root: string,
  logger: Logger,
  running: ReadonlySet<Promise<unknown>>,
): Refusals {
  /** By fingerprint: an image that several modules want is bought once, and listed once. */
  let refused = new Map<string, Refused>()
  return {
    settle: async (refusal, file) => {
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
      return all.length === 0 ? refusal : listRefusals(all, refusal, root)
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
