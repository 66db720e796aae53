import { describe, expect, it } from 'vitest'
import { findLargestScale, maxOutputPixels } from '../../src/core/limits.ts'

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
