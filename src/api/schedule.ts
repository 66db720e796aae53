import { findStep } from './forecast.ts'
import type { Forecast } from './forecast.ts'

/** When to ask about a task. */
export interface Schedule {
  /**
   * The time of the next question, seconds since the submission.
   *
   * @param elapsed when the task was last known not to be done, seconds since the submission; 0 where it never was asked about
   */
  next(elapsed: number): number
}

/** Beyond what the forecast reaches, the wait for the next question is such a part of what has passed. */
const tailStep = 0.25
/** A plan that costs so many times the best one does not become the best one by asking even later. */
const hopeless = 1.5

/**
 * The schedule of questions that costs least, when a question that finds a task done late costs the seconds it is late, and
 * every question costs a fixed number of seconds. From each time on a grid, backwards, the best next question is found:
 * the classic way to inspect what fails unseen (Barlow and Proschan).
 *
 * @param cost of a question, seconds
 */
export function planQuestions({ times, done }: Forecast, cost: number): Schedule {
  const size = times.length
  const next = new Int32Array(size)
  // The best cost from here on, times the share of tasks that come so far.
  const costs = new Float64Array(size)
  // The integral of the share that is done: the lateness of all who are done between two questions follows from it.
  const area = new Float64Array(size)
  for (let to = 1; to < size; to++) {
    const mean = ((done[to] ?? 1) + (done[to - 1] ?? 1)) / 2
    area[to] = (area[to - 1] ?? 0) + mean * ((times[to] ?? 0) - (times[to - 1] ?? 0))
  }
  for (let from = size - 2; from >= 0; from--) {
    const share = done[from] ?? 1
    const asked = cost * (1 - share) - (area[from] ?? 0) + share * (times[from] ?? 0)
    let best = Number.POSITIVE_INFINITY
    for (let to = from + 1; to < size; to++) {
      const total = asked + (area[to] ?? 0) - share * (times[to] ?? 0) + (costs[to] ?? 0)
      if (total < best) {
        best = total
        next[from] = to
      } else if (total > best * hopeless && from > 0) break
    }
    costs[from] = best
  }

  return {
    next: (elapsed) => {
      const from = findStep(times, elapsed)
      if (from >= size - 2) return elapsed * (1 + tailStep)
      const time = times[next[from] ?? 0] ?? 0
      if (from === 0) return time
      const later = times[next[from + 1] ?? 0] ?? 0
      const part = (elapsed - (times[from] ?? 0)) / ((times[from + 1] ?? 0) - (times[from] ?? 0))
      return from + 1 >= size - 1 || later <= time ? time : time + (later - time) * part
    },
  }
}
