import type { Durations, Traits } from './durations.ts'
import type { Forecast } from './forecast.ts'
import { planQuestions } from './schedule.ts'
import type { Schedule } from './schedule.ts'
import type { Watched } from './watched.ts'

/** Tells when tasks are to be asked about. */
export interface Timing {
  /**
   * The time of the next question about a task, ms since 1970.
   *
   * @param isFallback whether something else will tell of the task first
   */
  nextAt(entry: Watched, isFallback: boolean): number
}

/** What a question is worth, seconds of waiting: at this price tasks of 20 s take about six and a half. */
const questionCost = 0.27
/** The same for questions that are a fallback: one, and rarely two. */
const fallbackCost = 100 * questionCost
/** How far a wait is changed by chance, as a part of it. */
const jitterPart = 0.05
/** The shortest wait between two questions about a task that goes on, ms. */
const shortestWait = 200
/** The longest one: this, or a part of the time that the task has taken, up to the limit; ms. */
const longestWait = 10_000
const latePart = 0.05
const longestLateWait = 60_000
/** The longest wait between two questions that are a fallback, ms. */
const longestFallbackWait = 300_000

/** Timing by what is known of durations now: a lesson moves the questions that are still to come. */
export function createTiming(durations: Durations): Timing {
  const schedules = new WeakMap<Forecast, Map<number, Schedule>>()

  const scheduleOf = (traits: Traits | undefined, cost: number): Schedule => {
    const forecast = durations.forecast(traits)
    const plans = schedules.get(forecast) ?? new Map<number, Schedule>()
    schedules.set(forecast, plans)
    const schedule = plans.get(cost) ?? planQuestions(forecast, cost)
    plans.set(cost, schedule)
    return schedule
  }

  return {
    nextAt: (
      { submittedAt, askedAt, pendingAt, failures, notBefore, jitter, traits },
      isFallback,
    ) => {
      // Where it stands is not known, and should have been by now.
      if (failures > 0) return notBefore
      const from = isFallback ? askedAt : Math.max(pendingAt, askedAt)
      const elapsed = from - submittedAt
      const schedule = scheduleOf(traits, isFallback ? fallbackCost : questionCost)
      const planned = schedule.next(elapsed / 1000) * 1000 - elapsed
      const late = Math.min(Math.max(longestWait, elapsed * latePart), longestLateWait)
      // The first question comes as late as it is worth while.
      const longest = isFallback || elapsed === 0 ? longestFallbackWait : late
      const wait = Math.min(planned * (1 + jitter * jitterPart), longest)
      return from + Math.max(wait, shortestWait)
    },
  }
}
