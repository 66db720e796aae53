import { describe, expect, it } from 'vitest'
import { enlargeChannel } from '../../src/image/enlarge.ts'

describe('enlargeChannel', () => {
  it.each([
    [1, 1, 5, 3],
    [7, 4, 7, 4],
    [10, 3, 33, 7],
  ])('keeps one shade of %i×%i at %i×%i', (width, height, toWidth, toHeight) => {
    const to = { width: toWidth, height: toHeight }
    const plain = enlargeChannel(Buffer.alloc(width * height, 77), { width, height }, to)
    expect(plain).toEqual(Buffer.alloc(toWidth * toHeight, 77))
  })

  it('leaves a picture in its own size as it is', () => {
    const size = { width: 16, height: 16 }
    const pixels = Buffer.from(Array.from({ length: 256 }, (_, index) => (index * 37) % 256))
    expect(enlargeChannel(pixels, size, size)).toEqual(pixels)
  })

  it('has no halo, no echo and no step back at an edge', () => {
    // From 40 to 200, in the middle of sixteen pixels.
    const line = Buffer.from(Array.from({ length: 16 }, (_, index) => (index < 8 ? 40 : 200)))
    const wide = enlargeChannel(line, { width: 16, height: 1 }, { width: 128, height: 8 })
    const row = [...wide.subarray(0, 128)]
    expect(row).toEqual(row.toSorted((a, b) => a - b))
    expect([row[0], row[127]]).toEqual([40, 200])
    // It lies where it lay: half of it on either side of the middle.
    expect(row[63] + row[64]).toBeCloseTo(240, -1)
  })

  it('has straight slopes, turned or not', () => {
    const slope = Buffer.from(Array.from({ length: 20 }, (_, index) => index * 10))
    const wide = enlargeChannel(slope, { width: 20, height: 1 }, { width: 80, height: 1 })
    const high = enlargeChannel(slope, { width: 1, height: 20 }, { width: 1, height: 80 })
    expect(high).toEqual(wide)
    for (let x = 8; x < 72; x++) {
      expect(Math.abs((wide[x] ?? 0) - ((x + 0.5) / 4 - 0.5) * 10)).toBeLessThanOrEqual(0.6)
    }
  })
})
