import { describe, expect, it } from 'vitest'
import { BudgetError } from '../src/core/errors.ts'
import { resolveOptions } from '../src/core/resolve-options.ts'
import { createRefusals } from '../src/refusals.ts'
import type { Refusals } from '../src/refusals.ts'
import type { Reference } from '../src/shipment.ts'

const reason = '1 task (1 task, ~€0.10, taken so far)'
const refusalOf = (fingerprint: string): BudgetError => new BudgetError(reason, 0.1, fingerprint)

const imageOf = (name: string): Reference => ({ file: `/project/${name}.png`, query: 'magnific' })

/** Refusals beside work that is under way. */
function open(...work: Promise<unknown>[]): {
  refusals: Refusals
  running: Set<Promise<unknown>>
  warnings: string[]
} {
  const running = new Set<Promise<unknown>>()
  for (const one of work) {
    const tracked: Promise<unknown> = one.finally(() => running.delete(tracked))
    running.add(tracked)
  }
  const warnings: string[] = []
  const logger = { info: () => {}, warn: (message: string) => void warnings.push(message) }
  const options = resolveOptions({}, { root: '/project', command: 'build', env: {} })
  return { refusals: createRefusals(options, logger, running), running, warnings }
}

describe('what does not fit into a budget', () => {
  it('is told once and at once where something else is still under way, and listed when that is over', async () => {
    let end = (): void => {}
    const work = new Promise<void>((resolve) => (end = resolve))
    const { refusals, warnings } = open(work)
    const settled: string[] = []
    const settle = async (name: string): Promise<void> => {
      const told = await refusals.settle(refusalOf(name), imageOf(name))
      settled.push((told as Error).message)
    }
    const all = [settle('a'), settle('b')]
    expect(warnings).toEqual([
      `magnific: the budget of ${reason} is used up. What was paid for is fetched before the build ends.`,
    ])
    expect(settled).toEqual([])
    end()
    await Promise.all(all)
    expect(warnings).toHaveLength(1)
    expect(settled[0]).toContain('2 images do not fit into the budget')
    expect(settled[0]).toContain('a.png')
    expect(settled[0]).toContain('b.png')
    expect(settled).toHaveLength(2)
  })

  it('is told by the error alone where nothing else is under way', async () => {
    const { refusals, warnings } = open()
    const error = await refusals.settle(refusalOf('a'), imageOf('a'))
    expect((error as Error).message).toContain('1 image does not fit into the budget')
    expect(warnings).toEqual([])
  })

  it('is told anew in the next run', async () => {
    const { refusals, running, warnings } = open()
    for (let run = 0; run < 2; run++) {
      const work: Promise<unknown> = Promise.resolve().finally(() => running.delete(work))
      running.add(work)
      await refusals.settle(refusalOf('a'), imageOf('a'))
    }
    expect(warnings).toHaveLength(2)
  })
})

describe('what is no refusal', () => {
  it('is returned as it came', async () => {
    const { refusals } = open()
    const failure = new Error('something else')
    expect(await refusals.settle(failure, imageOf('a'))).toBe(failure)
  })
})
