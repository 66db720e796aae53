import { describe, expect, it } from 'vitest'
import { findLargestScale, maxOutputPixels, shrinkToFit } from '../../src/core/limits.ts'

describe('findLargestScale', () => {
  it('goes by the 25.3 million pixels of the API', () => {
    expect(maxOutputPixels).toBe(25_300_000)
  })

  it.each([
    [60, 40, '16x'],
    // 25.3 million pixels to the dot, and one row more
    [2530, 2500, '2x'],
    [2530, 2501, undefined],
    [1265, 1250, '4x'],
    [1265, 1251, '2x'],
    [625, 632, '8x'],
    [1, 98_828, '16x'],
    [1, 98_829, '8x'],
    [25_300_000, 1, undefined],
    [16_000, 16_000, undefined],
  ])('of %i×%i is %s', (width, height, scale) => {
    expect(findLargestScale(width, height)).toBe(scale)
  })
})

describe('shrinkToFit', () => {
  it.each([
    [60, 40, 16, 60, 40],
    [2530, 2500, 2, 2530, 2500],
    [4000, 3000, 2, 2904, 2178],
    [4000, 3000, 16, 363, 272],
    [3000, 4000, 4, 1089, 1452],
    [98_829, 1, 16, 98_828, 1],
    [1, 1_000_000, 16, 1, 98_828],
    [1_000_000, 2, 16, 98_828, 1],
  ])('%i×%i at %ix is sent as %i×%i', (width, height, scale, ...sent) => {
    expect(Object.values(shrinkToFit(width, height, scale))).toEqual(sent)
  })

  it('finds the largest size: no side can be a pixel longer by more than rounding', () => {
    for (const [width, height] of [
      [5000, 3333],
      [2531, 2500],
      [19_999, 101],
    ] as const) {
      const sent = shrinkToFit(width, height, 4)
      expect(sent.width * sent.height * 16).toBeLessThanOrEqual(maxOutputPixels)
      expect((sent.width + 1) * (sent.height + 1) * 16).toBeGreaterThan(maxOutputPixels)
      expect(sent.width / sent.height / (width / height)).toBeCloseTo(1, 1)
    }
  })
})
