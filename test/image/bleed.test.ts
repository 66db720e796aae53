import { describe, expect, it } from 'vitest'
import { bleedColours } from '../../src/image/bleed.ts'

type Pixel = [red: number, green: number, blue: number, alpha: number]

/** A picture by what is at each place. */
function draw(width: number, height: number, at: (x: number, y: number) => Pixel): Buffer {
  return Buffer.from(
    Array.from({ length: width * height }, (_, index) =>
      at(index % width, Math.floor(index / width)),
    ).flat(),
  )
}

function pixelsOf(rgb: Buffer): string[] {
  return Array.from({ length: rgb.length / 3 }, (_, index) =>
    [...rgb.subarray(index * 3, index * 3 + 3)].join(),
  )
}

describe('bleedColours', () => {
  it.each([
    [1, 1],
    [2, 1],
    [7, 5],
    [64, 64],
    [33, 100],
  ])('leaves an opaque picture of %i×%i as it is', (width, height) => {
    const opaque = draw(width, height, (x, y) => [x * 7, y * 2, (x * y) % 256, 255])
    const rgb = bleedColours(opaque, width, height)
    expect(rgb).toEqual(Buffer.from(opaque.filter((_, index) => index % 4 < 3)))
  })

  it('leaves the colours of what is half transparent as they are', () => {
    const half = draw(20, 20, (x, y) => [x * 12, y * 12, 7, 64 + x * 9])
    const rgb = bleedColours(half, 20, 20)
    expect(rgb).toEqual(Buffer.from(half.filter((_, index) => index % 4 < 3)))
  })

  it.each([
    [1, 1, 0, 0],
    [17, 9, 16, 8],
    [100, 1, 3, 0],
    [64, 64, 0, 63],
  ])('fills %i×%i from a single pixel', (width, height, left, top) => {
    const seen: Pixel = [200, 100, 50, 255]
    const picture = draw(width, height, (x, y) => (x === left && y === top ? seen : [0, 255, 0, 0]))
    expect(new Set(pixelsOf(bleedColours(picture, width, height)))).toEqual(new Set(['200,100,50']))
  })

  it.each<[string, Pixel]>([
    ['black', [0, 0, 0, 0]],
    ['white', [255, 255, 255, 0]],
    ['garbage', [0, 255, 0, 1]],
  ])('lets nothing of a hidden %s through', (_, hidden) => {
    const disc = draw(60, 60, (x, y) =>
      Math.hypot(x - 30, y - 30) < 15 ? [180, 40, 60, 255] : hidden,
    )
    for (const pixel of pixelsOf(bleedColours(disc, 60, 60))) {
      const [red = 0, green = 0, blue = 0] = pixel.split(',').map(Number)
      expect(Math.abs(red - 180) + Math.abs(green - 40) + Math.abs(blue - 60)).toBeLessThan(5)
    }
  })

  it('takes the colour that is near rather than the one that is far', () => {
    const halves = draw(64, 8, (x) => {
      if (x < 10) return [255, 0, 0, 255]
      return x >= 54 ? [0, 0, 255, 255] : [0, 255, 0, 0]
    })
    const rgb = bleedColours(halves, 64, 8)
    const pixel = (x: number): number[] => [...rgb.subarray(x * 3, x * 3 + 3)]
    expect(pixel(11)[0]).toBeGreaterThan(240)
    expect(pixel(52)[2]).toBeGreaterThan(240)
    for (let x = 0; x < 64; x++) expect(pixel(x)[1]).toBe(0)
  })

  it('makes something of a picture in which nothing is to be seen', () => {
    const nothing = draw(5, 5, () => [1, 2, 3, 0])
    expect(bleedColours(nothing, 5, 5)).toHaveLength(75)
  })

  it('takes no time to speak of', () => {
    const large = Buffer.alloc(1500 * 1000 * 4)
    const startedAt = performance.now()
    bleedColours(large, 1500, 1000)
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })
})
