import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimatePrice } from '../../src/core/estimate.ts'

describe('estimatePrice', () => {
  // One charge for every doubling, by the megapixels that go into it: ≤1.3 €0.10, ≤3.0 €0.20, ≤6.4 €0.30, else €1.20.
  it.each([
    [1_300_000, 2, 0.1],
    [1_300_001, 2, 0.2],
    [3_000_000, 2, 0.2],
    [3_000_001, 2, 0.3],
    [6_400_000, 2, 0.3],
    [6_400_001, 2, 1.2],
    [1, 2, 0.1],
    [1, 16, 0.4],
    // 1 megapixel, then 4
    [1_000_000, 4, 0.1 + 0.3],
    // 0.25, 1, 4
    [250_000, 8, 0.1 + 0.1 + 0.3],
    // 0.0625, 0.25, 1, 4
    [62_500, 16, 0.1 + 0.1 + 0.1 + 0.3],
    // 1.5, 6: at 1.6 the second step would be dear
    [1_500_000, 4, 0.2 + 0.3],
    [1_600_000, 4, 0.2 + 0.3],
    [1_600_001, 4, 0.2 + 1.2],
    // 0.325, 1.3, 5.2
    [325_000, 8, 0.1 + 0.1 + 0.3],
    // 0.4, 1.6, 6.4, 25.6
    [400_000, 16, 0.1 + 0.2 + 0.3 + 1.2],
  ])('of %i pixels at %ix is €%f', (pixels, scale, euros) => {
    expect(estimatePrice(pixels, scale)).toBeCloseTo(euros, 10)
  })

  it('is by the prices that are told', () => {
    const prices = [{ upToMegapixels: 1, euros: 0.015 }, { euros: 0.5 }]
    // 0.25, 1, 4
    expect(estimatePrice(250_000, 8, prices)).toBe(0.53)
    expect(estimatePrice(1, 2, [{ euros: 0 }])).toBe(0)
    expect(estimatePrice(1_000_001, 2, prices)).toBe(0.5)
  })

  it('is in whole cents', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 25_300_000 }),
        fc.constantFrom(2, 4, 8, 16),
        (pixels, scale) => {
          const euros = estimatePrice(pixels, scale)
          expect(euros).toBe(Number(euros.toFixed(2)))
          expect(euros).toBeGreaterThanOrEqual(0.1 * Math.log2(scale) - 1e-9)
        },
      ),
    )
  })
})
