/** What is thought of the logarithm of a duration in seconds: Student's t, the wider the less is known. */
export interface Belief {
  location: number
  scale: number
  freedom: number
}

/** How a task's duration is distributed, on a grid. Everything is in seconds since the submission. */
export interface Forecast {
  /** Ascending, from 0. */
  readonly times: Float64Array
  /** The share of tasks that are done by then. */
  readonly done: Float64Array
  /**
   * What a look at the list may cost, as a part of what it may cost with tasks of 20 s: with quick ones a second late is more,
   * and there are fewer looks to each.
   */
  readonly costPart: number
  /** How likely a task that is not done is to be done within the next second. */
  hazard(elapsed: number): number
  /** Mean and variance of the logarithm of a duration that is known to lie between two times. */
  within(after: number, by: number): { mean: number; variance: number }
}

/** The grid reaches so many scales below and above the location, in so many steps. */
const below = 5
const above = 7
const steps = 400
/**
 * Of 250 tasks, one is like no other: eight times as slow, or stuck. Without it, one that outlasts all that were seen
 * would be asked about ever more eagerly.
 */
const strangers = 0.004
const strangeness = 8

/** Makes a belief into numbers to reckon with. */
export function createForecast({ location, scale, freedom }: Belief): Forecast {
  const times = new Float64Array(steps + 2)
  const done = new Float64Array(steps + 2)
  const step = ((below + above) * scale) / steps
  const density = (index: number): number =>
    (1 + (index * (step / scale) - below) ** 2 / freedom) ** (-(freedom + 1) / 2)
  for (let index = 0; index <= steps; index++) {
    times[index + 1] = Math.exp(location - below * scale + index * step)
    if (index === 0) continue
    done[index + 1] = (done[index] ?? 0) + (density(index - 1) + density(index)) / 2
  }
  const whole = done[steps + 1] ?? 1
  const strange = strangeness * Math.exp(location)
  for (let index = 1; index < done.length; index++) {
    const time = times[index] ?? 0
    const share = (done[index] ?? 0) / whole
    done[index] = (1 - strangers) * share + (strangers * time) / (time + strange)
  }

  return {
    times,
    done,
    costPart: Math.min(1, Math.sqrt(Math.exp(location) / 20)),
    hazard: (elapsed) => {
      const index = findStep(times, elapsed)
      const left = 1 - (done[index] ?? 1)
      const span = (times[index + 1] ?? Number.NaN) - (times[index] ?? 0)
      // Beyond the grid there are strangers alone.
      if (!(span > 0) || left <= 0) return 1 / (elapsed + strange)
      return ((done[index + 1] ?? 1) - (done[index] ?? 1)) / span / left
    },
    within: (after, by) => {
      let weight = 0
      let sum = 0
      let squares = 0
      for (let index = findStep(times, after); index + 1 < times.length; index++) {
        const from = times[index] ?? 0
        const to = times[index + 1] ?? 0
        if (from >= by) break
        const begin = Math.max(after, from)
        const end = Math.min(by, to)
        const part = (end - begin) / (to - from)
        const each = ((done[index + 1] ?? 1) - (done[index] ?? 1)) * part + Number.EPSILON
        const value = Math.log((begin + end) / 2)
        weight += each
        sum += each * value
        squares += each * value ** 2
      }
      if (weight === 0) return { mean: Math.log(by), variance: 0 }
      const mean = sum / weight
      return { mean, variance: Math.max(0, squares / weight - mean ** 2) }
    },
  }
}

/** The step of a grid that a time is in: the index of its beginning. */
export function findStep(times: Float64Array, time: number): number {
  let low = 0
  let high = times.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) <= time) low = middle
    else high = middle
  }
  return low
}
