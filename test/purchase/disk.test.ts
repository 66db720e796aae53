import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EmulatorOptions } from '../../src/emulator/index.ts'
import type { Journal } from '../../src/store/journal.ts'
import { namesIn } from '../helpers/cache.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { attemptFolder, commandFor, openShop, pictureProject } from '../helpers/shop.ts'

type Step = 'claim' | 'commit' | 'abandon' | 'writeResponse' | 'writeTask' | 'writeOutcome'

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
  code: 'ENOSPC',
  syscall: 'write',
})

/** A journal of which some steps fail. */
function breakJournal(journal: Journal, steps: readonly Step[]): Journal {
  const fail = async (): Promise<never> => {
    throw full
  }
  return { ...journal, ...Object.fromEntries(steps.map((step) => [step, fail])) }
}

/** Buys with a journal that fails at some steps; the next build has its disk back. */
async function buyWithout(steps: readonly Step[], options: EmulatorOptions = {}) {
  const emulator = await startEmulator(options)
  const project = await pictureProject()
  const { journal } = openShop(project, { baseUrl: emulator.url }).context
  const shop = openShop(project, { baseUrl: emulator.url, journal: breakJournal(journal, steps) })
  const order = shop.order(project.path('hero.png'))
  const result: unknown = await shop.buy(order).catch((thrown: unknown) => thrown)
  await emulator.until(() => emulator.calls.every(({ over }) => over))
  const left = namesIn(attemptFolder(shop, order))
  const next = openShop(project, { baseUrl: emulator.url })
  const buyNext = async (knownTask?: string) => next.buy({ ...order, knownTask })
  return { emulator, shop, order, result, left, buyNext }
}

describe('a disk that takes no more', () => {
  it('before anything is sent sends nothing', async () => {
    const { emulator, result, left, buyNext } = await buyWithout(['claim'])
    expect(result).toBe(full)
    expect(left).toEqual([])
    expect(postsTo(emulator)).toBe(0)
    expect((await buyNext()).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([[['commit']], [['commit', 'abandon']]] as const)(
    'before the last byte buys nothing: without %j',
    async (steps) => {
      const { emulator, result, left, buyNext } = await buyWithout(steps)
      expect(result).toBe(full)
      expect(left).toEqual(steps.length === 1 ? ['decided', 'owner'] : ['owner'])
      expect(emulator.tasks).toHaveLength(0)
      // Where nobody could give the attempt up, the heart that has stopped tells.
      expect((await buyNext()).from).toBe('paid')
      expect(emulator.tasks).toHaveLength(1)
    },
  )

  it.each([
    { steps: ['writeResponse'], kept: ['decided', 'outcome', 'owner', 'task'] },
    { steps: ['writeTask'], kept: ['decided', 'outcome', 'owner', 'response'] },
    { steps: ['writeResponse', 'writeTask'], kept: ['decided', 'outcome', 'owner'] },
    { steps: ['writeResponse', 'writeTask', 'writeOutcome'], kept: ['decided', 'owner'] },
  ] as const)(
    'after the last byte buys all the same, says what to do, and is not paid twice: without $steps',
    async ({ steps, kept }) => {
      const { emulator, shop, order, result, left, buyNext } = await buyWithout(steps)
      const id = emulator.tasks[0]?.id ?? ''
      expect(result).toMatchObject({ from: 'paid', record: { task: id } })
      expect(shop.warnings[0]).toContain(`submitted as task ${id}, which is paid for`)
      expect(shop.warnings[0]).toContain('ENOSPC')
      expect(shop.warnings[0]).toContain(commandFor(order, 'resolve', ` --adopt ${id}`))
      expect(left).toEqual(kept)
      // Where neither the answer nor the task is left, the API's list has it.
      const { from, record } = await buyNext()
      expect([from, record.task]).toEqual(['resumed', id])
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it('after the last byte leaves a question to a person where the API lists nothing', async () => {
    const { emulator, buyNext } = await buyWithout(['writeResponse', 'writeTask'], { list: false })
    expect((await errorOf(buyNext)).code).toBe('SUBMIT_AMBIGUOUS')
    expect(postsTo(emulator)).toBe(1)
  })

  it('after the last byte leaves no question where the record of the result knows the task', async () => {
    const steps = ['writeResponse', 'writeTask'] as const
    const { emulator, shop, buyNext } = await buyWithout(steps, { list: false })
    const id = emulator.tasks[0]?.id ?? ''
    rmSync(shop.layout.blobs, { recursive: true })
    const { from, record } = await buyNext(id)
    expect([from, record.task]).toEqual(['resumed', id])
    expect(postsTo(emulator)).toBe(1)
  })

  it('after the download ships it, and leaves what the next build needs to take the task up', async () => {
    const { emulator, shop, result, left, buyNext } = await buyWithout(['writeOutcome'])
    expect(result).toMatchObject({ from: 'paid' })
    expect(shop.warnings).toEqual([expect.stringContaining('ENOSPC')])
    expect(left).toEqual(['decided', 'owner', 'response', 'task'])
    expect((await buyNext()).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })
})
