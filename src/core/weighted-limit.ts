/** Runs work when there is room for it. */
export type WeightedLimit = <T>(weight: number, work: () => Promise<T>) => Promise<T>

/**
 * Limits what runs at once by weight; first come, first served. What weighs more than there is room for runs alone.
 *
 * @param room for all that runs at once, in the unit of the weights
 */
export function createWeightedLimit(room: number): WeightedLimit {
  const waiting: { weight: number; start: () => void }[] = []
  let used = 0

  const startNext = (): void => {
    for (;;) {
      const [next] = waiting
      if (!next || (used > 0 && used + next.weight > room)) return
      waiting.shift()
      used += next.weight
      next.start()
    }
  }

  return async (weight, work) => {
    await new Promise<void>((start) => {
      waiting.push({ weight, start })
      startNext()
    })
    try {
      return await work()
    } finally {
      used -= weight
      startNext()
    }
  }
}
