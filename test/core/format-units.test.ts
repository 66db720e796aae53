import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatDuration,
  formatEstimate,
  formatSize,
} from '../../src/core/format-units.ts'

describe('units', () => {
  it.each([
    [0, '0.0 kB'],
    [512_000, '512.0 kB'],
    [999_900, '999.9 kB'],
    [999_960, '1.0 MB'],
    [1_000_000, '1.0 MB'],
    [15_240_000, '15.2 MB'],
  ])('shows %i bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it.each([
    [0, '0.0s'],
    [8440, '8.4s'],
    [9960, '10s'],
    [42_400, '42s'],
    [59_700, '1m00s'],
    [60_000, '1m00s'],
    [72_400, '1m12s'],
    [119_600, '2m00s'],
    [3_600_000, '60m00s'],
  ])('shows %i ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('shows prices as the estimates that they are', () => {
    expect(formatEstimate(4.2)).toBe('~€4.20')
    expect(formatEstimate(0.1 + 0.2)).toBe('~€0.30')
  })

  it('shows sides in pixels', () => {
    expect(formatSize({ width: 640, height: 480 })).toBe('640×480')
  })
})
