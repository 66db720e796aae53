import { describe, expect, it } from 'vitest'
import { readRetryAfter, settleRetryAfter } from '../../src/api/retry.ts'

const now = Date.UTC(2026, 5, 1, 12)
const longest = 5 * 60_000

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['7', 7000],
    [' 30 ', 30_000],
    ['300', longest],
  ])('is read in seconds: %j', (value, ms) => {
    expect(readRetryAfter(value, now)).toBe(ms)
  })

  it.each([1, 60, 299])('is read as a date %i s ahead', (seconds) => {
    const value = new Date(now + seconds * 1000).toUTCString()
    expect(readRetryAfter(value, now)).toBe(seconds * 1000)
  })

  it('is no wait where the date has passed', () => {
    expect(readRetryAfter(new Date(now - 60_000).toUTCString(), now)).toBe(0)
  })

  it.each([
    '301',
    '86400',
    '99999999999999999999999999',
    new Date(now + 86_400_000).toUTCString(),
    'Fri, 31 Dec 9999 23:59:59 GMT',
  ])('is believed for five minutes at most: %j', (value) => {
    expect(readRetryAfter(value, now)).toBe(longest)
  })

  it.each([undefined, '', ' ', 'soon', 'NaN', 'Infinity', '5 s', '{"seconds":5}'])(
    'is nothing where it is missing or unreadable: %j',
    (value) => {
      expect(readRetryAfter(value, now)).toBeUndefined()
    },
  )

  // `Date.parse` takes these for dates of 2001, so that they would mean "at once".
  it.each(['-5', '1.5', 'in about 5'])('is nothing where it is %j, which is no date', (value) => {
    expect(readRetryAfter(value, now)).toBeUndefined()
  })
})

describe('a date of Retry-After', () => {
  const date = (ms: number): string => new Date(now + ms).toUTCString()

  it.each([-86_400_000, 0, 86_400_000])(
    'is measured by the clock of whoever says it, off by %i ms',
    (skew) => {
      expect(settleRetryAfter(date(skew + 30_000), date(skew))).toBe('30')
    },
  )

  it.each([
    ['seconds', '7', date(0)],
    ['without a clock', date(30_000), undefined],
    ['a clock of no date', date(30_000), 'noon'],
    ['nothing at all', undefined, date(0)],
    ['a clock that is later', date(30_000), date(60_000)],
    ['garbage', 'soon', date(0)],
  ])('stays what it is: %s', (_, value, clock) => {
    expect(settleRetryAfter(value, clock)).toBe(value)
  })

  it('is bounded, however far ahead it is', () => {
    expect(settleRetryAfter(date(86_400_000), date(0))).toBe(String(longest / 1000))
  })
})
