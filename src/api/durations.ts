import { createForecast } from './forecast.ts'
import type { Belief, Forecast } from './forecast.ts'

/** What a task's duration may depend on. */
export interface Traits {
  /** 2, 4, 8 or 16 */
  scale: number
  /** Of the picture that is sent. */
  pixels: number
}

/** What is known of the durations of one API's tasks, and learned from each. */
export interface Durations {
  /** Changes with every lesson. */
  readonly version: number
  forecast(traits: Traits | undefined): Forecast
  /**
   * Learns from a task that is done.
   *
   * @param after when it was last known not to be done, seconds since its submission
   * @param by when it was found done, seconds since its submission
   * @param weight 1 for what was watched, less for hearsay
   */
  learn(traits: Traits | undefined, after: number, by: number, weight?: number): void
}

type Vector = [number, number, number]

/** What is expected before anything is known, seconds, give or take a lot. */
const usualSeconds = 15
/** What that is worth, in tasks; and as much for the slopes, which are 0 then. */
const priorTrust: Vector = [0.05, 2, 4]
/** The prior of the spread: an inverse gamma distribution. */
const priorShape = 1
const priorRate = 0.1
/** Durations are never known any better than this: a share of them. */
const leastScale = 0.02
/** What lasts longer than this teaches nothing, seconds: it was looked for late, not done late. */
const longestLesson = 3600
/** A task whose traits nobody knows counts as a usual one. */
const usual: Traits = { scale: 4, pixels: 1_000_000 }

/**
 * Bayesian regression of the logarithm of durations on scale and pixels: it begins with a guess that one task suffices to
 * overrule, and tells how sure it is. What is known of a duration is that it lies between two questions; what is expected
 * of it there by what was learned before is taken for it.
 *
 * @param guess of the duration of a usual task, seconds
 */
export function createDurations(guess: number = usualSeconds): Durations {
  const priorLocation = Math.log(guess)
  // Sums over the tasks, weighted: of products of their traits, of those with the logarithm of the duration, of its square.
  const precision: [Vector, Vector, Vector] = [
    [priorTrust[0], 0, 0],
    [0, priorTrust[1], 0],
    [0, 0, priorTrust[2]],
  ]
  const moments: Vector = [0, 0, 0]
  let squares = 0
  let tasks = 0
  let version = 0
  let forecasts = new Map<string, Forecast>()

  const believe = (traits: Traits): Belief => {
    const features = describe(traits)
    const slopes = solve(precision, moments)
    const shape = priorShape + tasks / 2
    const rate = priorRate + Math.max(0, squares - dot(slopes, moments)) / 2
    const spread = (rate / shape) * (1 + dot(features, solve(precision, features)))
    const location = priorLocation + dot(slopes, features)
    return { location, scale: Math.max(Math.sqrt(spread), leastScale), freedom: 2 * shape }
  }

  const forecast: Durations['forecast'] = (traits = usual) => {
    const key = `${traits.scale} ${traits.pixels}`
    const known = forecasts.get(key) ?? createForecast(believe(traits))
    forecasts.set(key, known)
    return known
  }

  return {
    get version() {
      return version
    },
    forecast,
    learn: (traits = usual, after, by, weight = 1) => {
      if (!(by > after) || by > longestLesson) return
      const { mean, variance } = forecast(traits).within(after, by)
      const features = describe(traits)
      const value = mean - priorLocation
      for (const [row, sums] of precision.entries()) {
        for (const column of sums.keys()) {
          sums[column] = (sums[column] ?? 0) + weight * at(features, row) * at(features, column)
        }
        moments[row] = at(moments, row) + weight * at(features, row) * value
      }
      squares += weight * (value ** 2 + variance)
      tasks += weight
      version++
      forecasts = new Map()
    },
  }
}

/** Around 0 for usual tasks. */
function describe({ scale, pixels }: Traits): Vector {
  return [1, Math.log2(scale / usual.scale), Math.log2(pixels / usual.pixels) / 2]
}

function at(vector: readonly number[], index: number): number {
  return vector[index] ?? 0
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/** Solves matrix · x = right by Cramer's rule; the matrix is positive definite. */
function solve([a, b, c]: readonly [Vector, Vector, Vector], right: Vector): Vector {
  const determinant = dot(a, cross(b, c))
  return [
    dot(right, cross(b, c)) / determinant,
    dot(a, cross(right, c)) / determinant,
    dot(a, cross(b, right)) / determinant,
  ]
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
