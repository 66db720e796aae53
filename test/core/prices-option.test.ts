import { describe, expect, it } from 'vitest'
import { usualPrices } from '../../src/core/estimate.ts'
import { readPrices } from '../../src/core/prices-option.ts'

describe('what a doubling costs', () => {
  it.each([
    ['one price for all sizes', [{ euros: 0 }]],
    [
      'several, from the smallest size',
      [{ upToMegapixels: 0.5, euros: 0.005 }, { upToMegapixels: 25, euros: 1 }, { euros: 2 }],
    ],
  ])('may be %s', (_, prices) => {
    const problems: string[] = []
    expect(readPrices(prices, problems)).toEqual(prices)
    expect(problems).toEqual([])
  })

  it('is what a reseller takes, where nothing is said', () => {
    const problems: string[] = []
    expect(readPrices(undefined, problems)).toBe(usualPrices)
    // What is taken for granted may be said.
    expect(readPrices([...usualPrices], problems)).toEqual(usualPrices)
    expect(problems).toEqual([])
  })

  const last = { euros: 1 }
  it.each<[string, unknown, string]>([
    ['a number', 0.1, '`prices` must be a list of steps such as [{ upToMegapixels: 1.3'],
    ['an object', { euros: 1 }, 'got {"euros":1}.'],
    ['an empty list', [], '`prices` must be a list of steps'],
    ['a list of numbers', [0.1, 0.2], 'got [0.1,0.2].'],
    ['nothing', null, 'got null.'],
    ['a price in words', [{ euros: '5' }], '`prices[0].euros` must be a number from 0, got "5".'],
    ['no price', [{}], '`prices[0].euros` must be a number from 0, got undefined.'],
    ['a debt', [{ euros: -1 }], '`prices[0].euros` must be a number from 0, got -1.'],
    ['no number', [{ euros: Number.NaN }], '`prices[0].euros` must be a number from 0, got NaN.'],
    ['an endless price', [{ euros: Infinity }], 'must be a number from 0, got Infinity.'],
    [
      'no step for the largest',
      [{ upToMegapixels: 1, euros: 1 }],
      '`prices[0].upToMegapixels` is one too many: the last step is for all that is larger.',
    ],
    [
      'a step without a size before the last',
      [last, last],
      '`prices[0].upToMegapixels` must be a number above 0,',
    ],
    [
      'steps in another order',
      [{ upToMegapixels: 3, euros: 2 }, { upToMegapixels: 1, euros: 1 }, last],
      '`prices[1].upToMegapixels` must be a number above 3, since steps go from the smallest to the largest, got 1.',
    ],
    [
      'two steps of one size',
      [{ upToMegapixels: 1, euros: 2 }, { upToMegapixels: 1, euros: 1 }, last],
      'above 1,',
    ],
    ['a size in words', [{ upToMegapixels: '1', euros: 2 }, last], 'got "1".'],
    [
      'a key that is nearly right',
      [{ upToMegapixel: 1, euros: 2 }, last],
      'Unknown option `prices[0].upToMegapixel`. Did you mean "upToMegapixels"?',
    ],
  ])('is not %s', (_, value, problem) => {
    const problems: string[] = []
    expect(readPrices(value, problems)).toBeDefined()
    expect(problems.join('\n')).toContain(problem)
  })
})
