import { join } from 'node:path'
import pLimit from 'p-limit'
import { MagnificError } from '../core/errors.ts'
import { formatEstimate } from '../core/format-units.ts'
import type { BudgetLimits } from '../core/options.ts'
import type { JournalFiles } from './journal-files.ts'
import type { Layout } from './layout.ts'
import { hasEnded, identifyProcess, isNear, startHeartbeat } from './liveness.ts'
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
  /**
   * What is taken, by this process and by those that run beside it.
   *
   * @throws MagnificError `CACHE_FAILED` where the ledger cannot be read
   */
  sum(): Promise<{ tasks: number; euros: number }>
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
  /** Does something again and again for as long as the process runs. */
  repeat?: (work: () => Promise<void>, ms: number) => unknown
}

/** One line of the ledger: a file each, numbered from 1 without gaps, and never changed. */
interface LedgerLine extends BudgetClaim {
  who: ProcessIdentity
  /** ms since 1970 */
  at: number
}

/** How often a process shows that it still runs, for those on other machines, ms. */
const heartbeat = 20_000
/** What a process on another machine took counts for so long after its last heartbeat, ms. Clocks may differ a little. */
const foreignAge = 5 * 60_000
/** Lines of processes that ended are cleared away after so long, ms: until then somebody may still count from them. */
const clearAge = 24 * 60 * 60_000
/** Who has counted so lately that no line behind can have been cleared away since may write the next one as it is, ms. */
const countAge = clearAge / 2

/**
 * The budget of one process. All that run at the same time on one cache directory count each other's claims: every claim
 * is a line of a common ledger, and a line is written only by who has read, and counted, all lines before it.
 */
export function createBudget(
  layout: Layout,
  {
    files,
    isFree,
    now,
    self = identifyProcess(),
    ended = hasEnded,
    repeat = startHeartbeat,
  }: BudgetContext,
): Budget {
  const path = (number: number): string => join(layout.budget, String(number).padStart(6, '0'))
  let claims: BudgetClaim[] | undefined
  let last = 0
  /** When all lines were counted, ms since 1970. */
  let countedAt = Number.NEGATIVE_INFINITY
  /** The number of the last line that is ours. */
  let own = 0
  /** One after the other, since each reads what the one before has written. */
  const inTurn = pLimit(1)

  const readLine = async (number: number): Promise<LedgerLine | undefined> => {
    const text = await files.read(path(number))
    return text === undefined ? undefined : parseLine(text, path(number))
  }

  const listNumbers = async (): Promise<number[]> =>
    (await files.list(layout.budget))
      .map(Number)
      .filter((number) => Number.isInteger(number) && number > 0)
  const readHighest = async (): Promise<number> => Math.max(0, ...(await listNumbers()))

  /** What others who still run took before this process began to count. */
  const open = async (): Promise<BudgetClaim[]> => {
    const numbers = await listNumbers()
    last = Math.max(0, ...numbers)
    const lines = new Map<number, LedgerLine>()
    // Listings of folders that change may leave names out.
    for (let number = Math.min(...numbers); number <= last; number++) {
      const line = await readLine(number)
      if (line) lines.set(number, line)
    }
    const running = await findRunning(lines)
    for (const [number, { who, at }] of lines) {
      // The last one stays, so that numbers go on.
      const isIdle = number < last && !running.has(nameOf(who))
      if (isIdle && now() - at > clearAge) await files.remove(path(number))
    }
    return [...lines.values()].filter(({ who }) => running.has(nameOf(who)))
  }

  /** Names the processes behind some lines that still run, as far as can be told. */
  const findRunning = async (lines: ReadonlyMap<number, LedgerLine>): Promise<Set<string>> => {
    const running = new Set<string>()
    for (const [number, { who }] of lines) {
      if (ended(who)) continue
      const isBeating =
        isNear(who, self) || now() - (await files.readBeat(path(number))) < foreignAge
      // The heart beats on one of its lines alone.
      if (isBeating) running.add(nameOf(who))
    }
    return running
  }

  const catchUp = async (): Promise<BudgetClaim[]> => {
    const known = (claims ??= await open())
    for (;;) {
      let line = await readLine(last + 1)
      if (!line) {
        if ((await readHighest()) <= last) {
          countedAt = now()
          return known
        }
        // It was written just now; or cleared away before it was counted here, and those behind it count all the same.
        line = await readLine(last + 1)
      }
      last++
      if (line) known.push(line)
    }
  }

  /** Why an estimate does not fit beside what is taken. */
  const refuse = async (estimate: number, limits: BudgetLimits): Promise<string | undefined> => {
    const taken = await catchUp()
    if (explainExcess(taken, estimate, limits) === undefined) return undefined
    // Only now does it pay to look which of them were never charged.
    return explainExcess(await dropFree(taken), estimate, limits)
  }

  const dropFree = async (taken: readonly BudgetClaim[]): Promise<BudgetClaim[]> => {
    const free = await Promise.all(taken.map(isFree))
    return (claims = taken.filter((_, index) => !free[index]))
  }

  return {
    check: async (estimate, limits) => {
      if (!isLimited(limits)) return undefined
      return inTurn(async () => refuse(estimate, limits))
    },
    claim: async (claim, limits) =>
      inTurn(async () => {
        // Without limits only the others count, and the number is all that has to be right.
        let isBehind = isLimited(limits) || now() - countedAt > countAge
        for (;;) {
          const reason = isBehind ? await refuse(claim.estimate, limits) : undefined
          if (reason !== undefined) return reason
          const line: LedgerLine = { ...claim, who: self, at: now() }
          // Whoever has written the next line meanwhile is counted first.
          if (await files.create(path(last + 1), `${JSON.stringify(line)}\n`)) {
            last++
            claims?.push(claim)
            // One of its lines is enough to know a process by.
            if (own === 0) repeat(async () => files.touch(path(own)), heartbeat)
            own = last
            return undefined
          }
          isBehind = true
        }
      }),
    sum: async () =>
      inTurn(async () => {
        const taken = await dropFree(await catchUp())
        return { tasks: taken.length, euros: sumCents(taken) / 100 }
      }),
  }
}

function isLimited({ tasks, euros }: BudgetLimits): boolean {
  return tasks !== undefined || euros !== undefined
}

function nameOf({ boot, namespace, host, pid, started }: ProcessIdentity): string {
  return JSON.stringify([boot, namespace, host, pid, started])
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
  const cents = sumCents(taken)
  const spent = `${taken.length} ${taken.length === 1 ? 'task' : 'tasks'}, ${formatEstimate(cents / 100)}, taken so far`
  if (tasks !== undefined && taken.length + 1 > tasks) {
    return `${tasks} ${tasks === 1 ? 'task' : 'tasks'} (${spent})`
  }
  if (euros !== undefined && cents + toCents(estimate) > toCents(euros)) {
    return `€${euros.toFixed(2)} (${spent})`
  }
  return undefined
}

function sumCents(taken: readonly BudgetClaim[]): number {
  return taken.reduce((sum, { estimate }) => sum + toCents(estimate), 0)
}

function toCents(euros: number): number {
  return Math.round(euros * 100)
}
