/** The longest that a server's `Retry-After` is believed, ms. */
const longestRetryAfter = 5 * 60_000

/**
 * Reads `Retry-After`: seconds, or a date.
 *
 * @param now ms since 1970
 * @returns ms from now, at most five minutes, or `undefined` where the header is missing or unreadable
 */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const ms = readMs(value.trim(), now)
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestRetryAfter)
}

/**
 * Makes a date of `Retry-After` into seconds, where the answer tells what time it is: clocks differ.
 *
 * @param date value of the answer's `Date`
 * @returns the value as it came where it is no date, or there is nothing to compare it with
 */
export function settleRetryAfter(
  value: string | undefined,
  date: string | undefined,
): string | undefined {
  const now = date === undefined ? Number.NaN : Date.parse(date)
  if (value === undefined || Number.isNaN(now) || /^\d+$/.test(value.trim())) return value
  const ms = readRetryAfter(value, now)
  // What lies in the past by that clock may lie ahead by ours: a proxy's `Date` need not be the server's.
  return ms ? String(Math.ceil(ms / 1000)) : value
}

function readMs(value: string, now: number): number {
  if (/^\d+$/.test(value)) return Number(value) * 1000
  // HTTP dates begin with a weekday; without one, `Date.parse` would take "-5" for the year 2001.
  return /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value) ? Date.parse(value) - now : Number.NaN
}
