import { utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBudget } from '../../src/store/budget.ts'
import type { BudgetClaim, BudgetContext } from '../../src/store/budget.ts'
import type { BudgetLimits } from '../../src/core/options.ts'
import { createJournalFiles } from '../../src/store/journal-files.ts'
import type { Layout } from '../../src/store/layout.ts'
import { hasEnded } from '../../src/store/liveness.ts'
import type { ProcessIdentity } from '../../src/store/liveness.ts'
import { namesIn, tmpLayout } from '../helpers/cache.ts'
import { processOf, spawnSleeper } from '../helpers/processes.ts'

const minute = 60_000
const hour = 60 * minute
const start = Date.UTC(2026, 0, 1)

/** A budget and the limits that it is asked with. */
interface Budget {
  check(estimate: number): Promise<string | undefined>
  claim(claim: BudgetClaim): Promise<string | undefined>
  sum(): Promise<{ tasks: number; euros: number }>
}

/** The hosts whose processes are seen to be over. */
const over = new Set<string>()

/** The budget of one process: of this one unless it is said which. */
function openBudget(
  layout: Layout,
  limits: BudgetLimits,
  context: Partial<BudgetContext> = {},
): Budget {
  const budget = createBudget(layout, {
    files: createJournalFiles(layout),
    isFree: async () => false,
    now: () => start,
    ended: (who) => over.has(who.host) || hasEnded(who),
    ...context,
  })
  return {
    check: async (estimate) => budget.check(estimate, limits),
    claim: async (claim) => budget.claim(claim, limits),
    sum: budget.sum,
  }
}

/** A claim of a picture of its own. */
function claimOf(picture: number, estimate = 0.1, attempt = 1): BudgetClaim {
  return { fingerprint: picture.toString(16).padStart(64, '0'), attempt, estimate }
}

/** Claims one picture after the other, and counts what fitted. */
async function claimMany(budget: Budget, count: number, estimate?: number): Promise<number> {
  let fitted = 0
  for (let picture = 0; picture < count; picture++) {
    if ((await budget.claim(claimOf(picture, estimate))) === undefined) fitted++
  }
  return fitted
}

beforeEach(() => over.clear())

describe('a budget', () => {
  it('of tasks lets as many by, and says why no more', async () => {
    const budget = openBudget(tmpLayout(), { tasks: 2 })
    expect(await budget.claim(claimOf(1))).toBeUndefined()
    expect(await budget.check(0.1)).toBeUndefined()
    expect(await budget.claim(claimOf(2))).toBeUndefined()
    const reason = '2 tasks (2 tasks, ~€0.20, taken so far)'
    expect(await budget.check(0.1)).toBe(reason)
    expect(await budget.claim(claimOf(3))).toBe(reason)
    expect(await budget.claim(claimOf(4, 0))).toBe(reason)
  })

  it('of euros counts in cents, where fractions would lose some', async () => {
    const budget = openBudget(tmpLayout(), { euros: 0.8 })
    expect(await claimMany(budget, 20)).toBe(8)
    expect(await openBudget(tmpLayout(), { euros: 0.3 }).claim(claimOf(1, 0.1 + 0.2))).toBe(
      undefined,
    )
    expect(await budget.claim(claimOf(30))).toBe('€0.80 (8 tasks, ~€0.80, taken so far)')
  })

  it('of euros lets a cheap one by after a dear one was refused', async () => {
    const budget = openBudget(tmpLayout(), { euros: 1 })
    expect(await budget.claim(claimOf(1, 0.7))).toBeUndefined()
    expect(await budget.claim(claimOf(2, 0.4))).toMatch(/1 task, ~€0.70, taken/)
    expect(await budget.claim(claimOf(3, 0.3))).toBeUndefined()
  })

  it('of both ends with the first that is used up', async () => {
    expect(await claimMany(openBudget(tmpLayout(), { tasks: 5, euros: 0.3 }), 9)).toBe(3)
    expect(await claimMany(openBudget(tmpLayout(), { tasks: 2, euros: 0.3 }), 9)).toBe(2)
  })

  it('of nothing buys nothing', async () => {
    for (const limits of [{ tasks: 0 }, { euros: 0 }]) {
      const layout = tmpLayout()
      expect(await claimMany(openBudget(layout, limits), 2)).toBe(0)
      expect(namesIn(layout.budget)).toEqual([])
    }
  })

  it('without limits lets everything by, and is counted by those who have some', async () => {
    const layout = tmpLayout()
    const budget = openBudget(layout, {})
    expect(await claimMany(budget, 20, 1000)).toBe(20)
    expect(await budget.check(1000)).toBeUndefined()
    expect(await claimMany(openBudget(layout, { tasks: 21 }), 5)).toBe(1)
  })

  it('takes nothing by being asked', async () => {
    const layout = tmpLayout()
    const budget = openBudget(layout, { tasks: 1 })
    for (let round = 0; round < 3; round++) expect(await budget.check(0.1)).toBeUndefined()
    expect(namesIn(layout.budget)).toEqual([])
  })

  it('that is raised leaves room again', async () => {
    const limits: BudgetLimits = { tasks: 1 }
    const budget = openBudget(tmpLayout(), limits)
    expect(await claimMany(budget, 3)).toBe(1)
    limits.tasks = 2
    expect(await claimMany(budget, 3)).toBe(1)
  })

  it('numbers its lines without gaps', async () => {
    const layout = tmpLayout()
    const budgets = [openBudget(layout, { tasks: 50 }), openBudget(layout, { tasks: 50 })]
    await Promise.all(budgets.map(async (budget) => claimMany(budget, 5)))
    expect(namesIn(layout.budget)).toEqual(
      Array.from({ length: 10 }, (_, index) => String(index + 1).padStart(6, '0')),
    )
  })
})

describe('several builds on one cache directory', () => {
  /** Budgets of processes that nobody sees end. */
  function openMany(layout: Layout, count: number, limits: BudgetLimits): Budget[] {
    return Array.from({ length: count }, (_, index) =>
      openBudget(layout, limits, { self: nobody(index) }),
    )
  }

  function nobody(index: number): ProcessIdentity {
    return processOf({ pid: index + 1, host: `host-${index}` })
  }

  it.each([
    [{ tasks: 7 }, 7],
    [{ euros: 1.25 }, 12],
    [{ tasks: 9, euros: 0.5 }, 5],
  ])('take %j together, however they meet', async (limits, most) => {
    const layout = tmpLayout()
    const budgets = openMany(layout, 6, limits)
    const fitted = await Promise.all(budgets.map(async (budget) => claimMany(budget, 5)))
    expect(fitted.reduce((sum, count) => sum + count, 0)).toBe(most)
    expect(namesIn(layout.budget)).toHaveLength(most)
  })

  it('count those that began earlier, and go on', async () => {
    const layout = tmpLayout()
    const [first, second] = openMany(layout, 2, { tasks: 3 })
    expect(await claimMany(first, 2)).toBe(2)
    expect(await claimMany(second, 5)).toBe(1)
    expect(await first.check(0.1)).toBe('3 tasks (3 tasks, ~€0.30, taken so far)')
  })

  it('have their own limits, and count all that was taken', async () => {
    const layout = tmpLayout()
    const [large] = openMany(layout, 1, { tasks: 5 })
    const [small] = openMany(layout, 1, { tasks: 1 })
    expect(await claimMany(large, 3)).toBe(3)
    expect(await claimMany(small, 1)).toBe(0)
    expect(await claimMany(large, 5)).toBe(2)
  })

  it('do not count those that ended before', async () => {
    const layout = tmpLayout()
    const [first, second] = openMany(layout, 2, { tasks: 2 })
    expect(await claimMany(first, 5)).toBe(2)
    over.add('host-0')
    expect(await claimMany(second, 5)).toBe(2)
  })

  it('count what one of them took also when it ends meanwhile', async () => {
    const layout = tmpLayout()
    const [first, second] = openMany(layout, 2, { tasks: 3 })
    expect(await claimMany(second, 1)).toBe(1)
    expect(await claimMany(first, 1)).toBe(1)
    over.add('host-0')
    expect(await claimMany(second, 5)).toBe(1)
  })

  it('do not count one that was killed', async () => {
    const layout = tmpLayout()
    const sleeper = await spawnSleeper()
    expect(await claimMany(openBudget(layout, { tasks: 2 }, { self: sleeper }), 5)).toBe(2)
    expect(await claimMany(openBudget(layout, { tasks: 2 }), 5)).toBe(0)
    await sleeper.kill()
    expect(await claimMany(openBudget(layout, { tasks: 2 }), 5)).toBe(2)
  })

  it('count one on another machine for five minutes after its last heartbeat, on any of its lines', async () => {
    const layout = tmpLayout()
    const beats: (() => void)[] = []
    const self = processOf({ host: 'elsewhere' })
    const repeat = (work: () => void): void => void beats.push(work)
    const first = openBudget(layout, { tasks: 3 }, { self, repeat })
    expect(await claimMany(first, 3)).toBe(3)
    expect(beats).toHaveLength(1)
    const beatAt = (line: string, ms: number): void =>
      utimesSync(join(layout.budget, line), (start + ms) / 1000, (start + ms) / 1000)
    for (const line of ['000001', '000002', '000003']) beatAt(line, 0)
    const after = (ms: number): Budget =>
      openBudget(layout, { tasks: 3 }, { now: () => start + ms })
    expect(await after(5 * minute - 1).check(0.1)).toMatch(/3 tasks, /)
    expect(await after(5 * minute).check(0.1)).toBeUndefined()
    // However long ago it took them: the heart beats on one line alone, and all are counted.
    beatAt('000003', 10 * hour)
    expect(await after(10 * hour + 5 * minute - 1).check(0.1)).toMatch(/\(3 tasks, /)
    expect(await after(10 * hour + 5 * minute).check(0.1)).toBeUndefined()
  })

  it('show that they run by the last line that is theirs', async () => {
    const layout = tmpLayout()
    const beats: [work: () => void, ms: number][] = []
    const touched: string[] = []
    const files = createJournalFiles(layout)
    const touch = async (path: string): Promise<void> => void touched.push(basename(path))
    const repeat = (work: () => void, ms: number): void => void beats.push([work, ms])
    const budget = openBudget(layout, {}, { files: { ...files, touch }, repeat })
    expect(beats).toEqual([])
    await claimMany(budget, 2)
    expect(beats).toEqual([[expect.any(Function), 20_000]])
    beats[0]?.[0]()
    await claimMany(budget, 1)
    beats[0]?.[0]()
    expect(touched).toEqual(['000002', '000003'])
    expect(beats).toHaveLength(1)
  })

  it('count one on this machine for as long as it runs', async () => {
    const layout = tmpLayout()
    expect(await claimMany(openBudget(layout, { tasks: 2 }), 5)).toBe(2)
    const next = openBudget(layout, { tasks: 2 }, { now: () => start + 100 * hour })
    expect(await claimMany(next, 1)).toBe(0)
  })

  it('leave no more behind than one line when all are over for a day, and go on counting from it', async () => {
    const layout = tmpLayout()
    const [first] = openMany(layout, 1, { tasks: 3 })
    await claimMany(first, 3)
    over.add('host-0')
    const after = (ms: number, index: number): Budget =>
      openBudget(layout, { tasks: 3 }, { self: nobody(index), now: () => start + ms })
    expect(await after(24 * hour, 1).check(0.1)).toBeUndefined()
    expect(namesIn(layout.budget)).toEqual(['000001', '000002', '000003'])
    const second = after(24 * hour + 1, 1)
    expect(await second.check(0.1)).toBeUndefined()
    expect(namesIn(layout.budget)).toEqual(['000003'])
    expect(await claimMany(second, 1)).toBe(1)
    expect(await claimMany(after(24 * hour + 1, 2), 5)).toBe(2)
    expect(namesIn(layout.budget)).toEqual(['000004', '000005', '000006'])
    expect(await claimMany(after(24 * hour + 1, 3), 5)).toBe(0)
  })

  it('have one ledger, also where one of them has looked before others came and went', async () => {
    const layout = tmpLayout()
    const [looking, brief, late] = openMany(layout, 3, { tasks: 2 })
    // It has seen an empty ledger.
    expect(await looking.check(0.1)).toBeUndefined()
    expect(await claimMany(brief, 2)).toBe(2)
    over.add('host-1')
    // Were the lines of the one that is over cleared away now, the first would begin at a number that is free again.
    expect(await late.check(0.1)).toBeUndefined()
    expect(await claimMany(looking, 5)).toBe(0)
    expect(await claimMany(late, 5)).toBe(2)
    expect(namesIn(layout.budget)).toEqual(['000001', '000002', '000003', '000004'])
    expect(await looking.check(0.1)).toMatch(/4 tasks, /)
  })

  it('write no line behind those of others, also where they have no limits themselves', async () => {
    const layout = tmpLayout()
    let time = start
    const now = (): number => time
    const idle = openBudget(layout, {}, { self: nobody(0), now })
    await claimMany(idle, 1)
    await claimMany(openBudget(layout, {}, { self: nobody(1), now }), 4)
    // Whoever writes meanwhile comes before.
    await claimMany(idle, 1)
    expect(namesIn(layout.budget)).toHaveLength(6)
    await claimMany(openBudget(layout, {}, { self: nobody(2), now }), 3)
    for (const host of ['host-1', 'host-2']) over.add(host)
    time += 25 * 60 * 60_000
    // The lines of those that are over make room for numbers that were counted already.
    const counting = openBudget(layout, { tasks: 4 }, { self: nobody(3), now })
    expect(await counting.check(0.1)).toBeUndefined()
    await claimMany(idle, 1)
    expect(await claimMany(counting, 5)).toBe(1)
  })

  it('miss no line that the list of the folder leaves out', async () => {
    const layout = tmpLayout()
    const [first] = openMany(layout, 1, { tasks: 3 })
    await claimMany(first, 3)
    const files = createJournalFiles(layout)
    const list = async (folder: string): Promise<string[]> =>
      (await files.list(folder)).filter((name) => name !== '000002')
    const second = openBudget(layout, { tasks: 3 }, { files: { ...files, list } })
    expect(await claimMany(second, 5)).toBe(0)
  })

  it('mind nothing else that lies in the folder', async () => {
    const layout = tmpLayout()
    await claimMany(openBudget(layout, { tasks: 1 }), 1)
    for (const name of ['.DS_Store', 'x', '1.5']) writeFileSync(join(layout.budget, name), '')
    expect(await claimMany(openBudget(layout, { tasks: 2 }), 5)).toBe(1)
  })

  it('buy nothing where a line cannot be read: what it took is not known', async () => {
    const layout = tmpLayout()
    await claimMany(openBudget(layout, { tasks: 9 }), 2)
    writeFileSync(join(layout.budget, '000001'), '{"kind":"cl')
    const next = openBudget(layout, { tasks: 9 })
    await expect(next.claim(claimOf(1))).rejects.toThrow(/000001 is damaged\. Nothing was bought\./)
  })
})

describe('what was taken for nothing', () => {
  it('is in no sum, which takes nothing and writes nothing', async () => {
    const layout = tmpLayout()
    const freed = new Set<string>()
    const isFree = async ({ fingerprint }: BudgetClaim): Promise<boolean> => freed.has(fingerprint)
    const first = openBudget(layout, {}, { isFree })
    const second = openBudget(layout, {}, { isFree, self: processOf({ host: 'elsewhere' }) })
    expect(await first.sum()).toEqual({ tasks: 0, euros: 0 })
    expect(namesIn(layout.budget)).toEqual([])
    await first.claim(claimOf(1))
    await second.claim(claimOf(2, 0.2))
    expect(await first.sum()).toEqual({ tasks: 2, euros: 0.3 })
    freed.add(claimOf(1).fingerprint)
    expect(await second.sum()).toEqual({ tasks: 1, euros: 0.2 })
    expect(namesIn(layout.budget)).toHaveLength(2)
  })

  it('is free again, for whoever took it and for everybody else', async () => {
    const layout = tmpLayout()
    const freed = new Set<string>()
    const isFree = async ({ fingerprint, attempt }: BudgetClaim): Promise<boolean> =>
      freed.has(`${fingerprint}/${attempt}`)
    const free = ({ fingerprint, attempt }: BudgetClaim): void =>
      void freed.add(`${fingerprint}/${attempt}`)
    const self = processOf({ host: 'elsewhere' })
    const first = openBudget(layout, { tasks: 2 }, { isFree })
    const second = openBudget(layout, { tasks: 2 }, { isFree, self })
    expect(await first.claim(claimOf(1))).toBeUndefined()
    expect(await second.claim(claimOf(2))).toBeUndefined()
    expect(await first.claim(claimOf(3))).toBeTypeOf('string')
    free(claimOf(1))
    expect(await second.claim(claimOf(3))).toBeUndefined()
    expect(await first.claim(claimOf(4))).toBeTypeOf('string')
    // Another attempt at the same picture is another one.
    expect(await first.claim(claimOf(1, 0.1, 2))).toBeTypeOf('string')
    free(claimOf(2))
    expect(await first.claim(claimOf(1, 0.1, 2))).toBeUndefined()
    expect(await second.claim(claimOf(5))).toBeTypeOf('string')
  })

  it('is not looked for while there is room', async () => {
    const asked: number[] = []
    const isFree = async ({ attempt }: BudgetClaim): Promise<boolean> => {
      asked.push(attempt)
      return false
    }
    const budget = openBudget(tmpLayout(), { tasks: 3 }, { isFree })
    await claimMany(budget, 3)
    expect(asked).toEqual([])
    await budget.check(0.1)
    expect(asked).toHaveLength(3)
  })
})
