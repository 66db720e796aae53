import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createWeightedLimit } from '../../src/core/weighted-limit.ts'

/** Work that goes on until it is told to end. */
function createWork(): {
  begun: string[]
  work: (name: string) => () => Promise<string>
  end: (name: string, error?: Error) => void
} {
  const begun: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  return {
    begun,
    work: (name) => async () => {
      begun.push(name)
      await new Promise<void>((resolve, reject) => {
        ends.set(name, (error) => (error ? reject(error) : resolve()))
      })
      return name
    },
    end: (name, error) => ends.get(name)?.(error),
  }
}

/** Whatever can go on by now has gone on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('createWeightedLimit', () => {
  it('runs at once what there is room for, first come, first served', async () => {
    const limit = createWeightedLimit(10)
    const { begun, work, end } = createWork()
    const all = [limit(6, work('a')), limit(4, work('b')), limit(5, work('c')), limit(1, work('d'))]
    await settle()
    expect(begun).toEqual(['a', 'b'])
    // There is room for d alone, and it is not its turn.
    end('b')
    await settle()
    expect(begun).toEqual(['a', 'b'])
    end('a')
    await settle()
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
    end('c')
    end('d')
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('runs alone what weighs more than there is room for', async () => {
    const limit = createWeightedLimit(10)
    const { begun, work, end } = createWork()
    const all = [limit(1, work('a')), limit(99, work('b')), limit(1, work('c'))]
    await settle()
    expect(begun).toEqual(['a'])
    end('a')
    await settle()
    expect(begun).toEqual(['a', 'b'])
    end('b')
    await settle()
    expect(begun).toEqual(['a', 'b', 'c'])
    end('c')
    await Promise.all(all)
  })

  it('hands on errors, and has room again after them', async () => {
    const limit = createWeightedLimit(1)
    const { work, end } = createWork()
    const failing = limit(1, work('a'))
    const thrown = limit(1, () => {
      throw new Error('at once')
    })
    const last = limit(1, work('c'))
    await settle()
    end('a', new Error('later'))
    await expect(failing).rejects.toThrow('later')
    await expect(thrown).rejects.toThrow('at once')
    await settle()
    end('c')
    expect(await last).toBe('c')
  })

  it('never runs more than there is room for, and all of it in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.integer({ min: 1, max: 15 }), { maxLength: 12 }),
        async (scheduler, weights) => {
          const limit = createWeightedLimit(10)
          const running: number[] = []
          const work = scheduler.scheduleFunction(async (weight: number) => weight)
          const all = weights.map(async (weight) =>
            limit(weight, async () => {
              running.push(weight)
              const sum = running.reduce((total, each) => total + each, 0)
              expect(sum <= 10 || running.length === 1).toBe(true)
              await work(weight)
              running.splice(running.indexOf(weight), 1)
              return weight
            }),
          )
          const done = Promise.all(all)
          await scheduler.waitFor(done)
          expect(await done).toEqual(weights)
        },
      ),
      { numRuns: 50 },
    )
  })
})
