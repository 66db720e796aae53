import { join } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { formatEstimate } from '../core/format-units.ts'
import type { BudgetLimits } from '../core/options.ts'
import type { JournalFiles } from './journal-files.ts'
import type { Layout } from './layout.ts'
import { hasEnded, identifyProcess, isNear } from './liveness.ts'
import type { ProcessIdentity } from './liveness.ts'

/** A part of the budget that a purchase takes. */
export interface BudgetClaim {
  fingerprint: string
  /** The number of the attempt that it is for, from 1. */
  attempt: number
  /** euros */
  estimate: number
}

/** What a process has taken of its budget, and all that run beside it. */
export interface Budget {
  /**
   * Looks whether a purchase fits, without taking anything.
   *
   * @returns why it does not, as a noun clause
   * @throws MagnificError `CACHE_FAILED` where the ledger cannot be read
   */
  check(estimate: number, limits: BudgetLimits): Promise<string | undefined>
  /**
   * Takes a part of the budget. On the disk when it resolves, so that all who share the cache directory count it.
   *
   * @returns why it does not fit, as a noun clause
   * @throws MagnificError `CACHE_FAILED` where the ledger cannot be read
   */
  claim(claim: BudgetClaim, limits: BudgetLimits): Promise<string | undefined>
}

/** What a budget is kept with. */
export interface BudgetContext {
  files: JournalFiles
  /** Whether nothing can have been charged for an attempt, so that what was taken for it is free again. */
  isFree: (claim: BudgetClaim) => Promise<boolean>
  /** ms since 1970 */
  now: () => number
  self?: ProcessIdentity
  ended?: (who: ProcessIdentity) => boolean
}

/** One line of the ledger: a file each, numbered from 1 without gaps, and never changed. */
interface LedgerLine extends BudgetClaim {
  who: ProcessIdentity
  /** ms since 1970 */
  at: number
}

/** Of a process on another machine nobody can tell whether it ended: what it took counts for so long, ms. */
const foreignAge = 60 * 60_000

/**
 * The budget of one process. All that run at the same time on one cache directory count each other's claims: every claim
 * is a line of a common ledger, and a line is written only by who has read, and counted, all lines before it.
 */
export function createBudget(
  layout: Layout,
  { files, isFree, now, self = identifyProcess(), ended = hasEnded }: BudgetContext,
): Budget {
  const path = (number: number): string => join(layout.budget, String(number).padStart(6, '0'))
  let claims: BudgetClaim[] | undefined
  let last = 0
  let queue: Promise<unknown> = Promise.resolve()

  /** One after the other, since each reads what the one before has written. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work)
    queue = turn.catch(() => {})
    return turn
  }

  const readLine = async (number: number): Promise<LedgerLine | undefined> => {
    const text = await files.read(path(number))
    return text === undefined ? undefined : parseLine(text, path(number))
  }

  /** What others who still run took before this process began to count. */
  const open = async (): Promise<BudgetClaim[]> => {
    const numbers = (await files.list(layout.budget)).map(Number).filter((number) => number > 0)
    last = Math.max(0, ...numbers)
    const lines: LedgerLine[] = []
    // Listings of folders that change may leave names out.
    for (let number = Math.min(...numbers); number <= last; number++) {
      const line = await readLine(number)
      if (line) lines.push(line)
    }
    const isRunning = ({ who, at }: LedgerLine): boolean =>
      !ended(who) && (isNear(who, self) || now() - at < foreignAge)
    const running = lines.filter(isRunning)
    if (running.length === 0) {
      // Nobody counts them any more. The last one stays, so that numbers go on.
      for (const number of numbers) if (number < last) await files.remove(path(number))
    }
    return running
  }

  const catchUp = async (): Promise<BudgetClaim[]> => {
    const known = (claims ??= await open())
    for (;;) {
      const line = await readLine(last + 1)
      if (!line) return known
      last++
      known.push(line)
    }
  }

  /** Why an estimate does not fit beside what is taken. */
  const refuse = async (estimate: number, limits: BudgetLimits): Promise<string | undefined> => {
    const taken = await catchUp()
    if (explainExcess(taken, estimate, limits) === undefined) return undefined
    // Only now does it pay to look which of them were never charged.
    const free = await Promise.all(taken.map(isFree))
    claims = taken.filter((_, index) => !free[index])
    return explainExcess(claims, estimate, limits)
  }

  return {
    check: async (estimate, limits) => inTurn(async () => refuse(estimate, limits)),
    claim: async (claim, limits) =>
      inTurn(async () => {
        for (;;) {
          const reason = await refuse(claim.estimate, limits)
          if (reason !== undefined) return reason
          const line: LedgerLine = { ...claim, who: self, at: now() }
          // Whoever has written the next line meanwhile is counted first.
          if (await files.create(path(last + 1), `${JSON.stringify(line)}\n`)) {
            last++
            claims?.push(claim)
            return undefined
          }
        }
      }),
  }
}

function parseLine(text: string, path: string): LedgerLine {
  try {
    const line = JSON.parse(text) as LedgerLine
    if (Number.isFinite(line.estimate) && Number.isFinite(line.at) && line.who.pid > 0) return line
  } catch {
    // Told below.
  }
  throw new MagnificError(
    'CACHE_FAILED',
    `What other builds have taken of the budget cannot be read: ${path} is damaged. Nothing was bought. Delete it while no build runs, and build again.`,
  )
}

/** Why an estimate does not fit beside what is taken, as a noun clause; sums are made in cents. */
function explainExcess(
  taken: readonly BudgetClaim[],
  estimate: number,
  { tasks, euros }: BudgetLimits,
): string | undefined {
  const cents = taken.reduce((sum, claim) => sum + toCents(claim.estimate), 0)
  const spent = `${taken.length} ${taken.length === 1 ? 'task' : 'tasks'}, ${formatEstimate(cents / 100)}, taken so far`
  if (tasks !== undefined && taken.length + 1 > tasks) {
    return `${tasks} ${tasks === 1 ? 'task' : 'tasks'} (${spent})`
  }
  if (euros !== undefined && cents + toCents(estimate) > toCents(euros)) {
    return `€${euros.toFixed(2)} (${spent})`
  }
  return undefined
}

function toCents(euros: number): number {
  return Math.round(euros * 100)
}
