import type { Size } from './inspect.ts'

/** Where a pixel of the larger picture lies in the smaller one, and what its four neighbours there count. */
interface Taps {
  /** Of four neighbours for each pixel, in order. */
  places: Int32Array
  weights: Float32Array
}

/**
 * Enlarges one channel by cubic interpolation that stays between the pixels it lies between: an edge gets neither a
 * halo nor an echo, which would show as a line around everything that is cut out.
 *
 * @param pixels 8 bit
 * @param from their size
 * @param to at least as large in either direction
 * @returns 8 bit
 */
export function enlargeChannel(pixels: Buffer, from: Size, to: Size): Buffer {
  const columns = findTaps(from.width, to.width)
  const rows = findTaps(from.height, to.height)
  const enlarged = Buffer.allocUnsafe(to.width * to.height)
  // Each row of the smaller picture is widened once; four of them are needed at a time.
  const widened = new Map<number, Float32Array>()
  const widen = (row: number): Float32Array => {
    const known = widened.get(row)
    if (known) return known
    const line = pixels.subarray(row * from.width, (row + 1) * from.width)
    const wide = interpolate(line, columns)
    widened.set(row, wide)
    for (const old of widened.keys()) if (old < row - 3) widened.delete(old)
    return wide
  }
  for (let y = 0; y < to.height; y++) {
    const [a, b, c, d] = [0, 1, 2, 3].map((tap) => widen(rows.places[y * 4 + tap] ?? 0))
    const weights = rows.weights.subarray(y * 4, y * 4 + 4)
    if (a && b && c && d) blendRows(a, b, c, d, weights, enlarged, y * to.width)
  }
  return enlarged
}

function blendRows(
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  d: Float32Array,
  weights: Float32Array,
  into: Buffer,
  start: number,
): void {
  const [wa = 0, wb = 0, wc = 0, wd = 0] = weights
  for (let x = 0; x < a.length; x++) {
    const above = b[x] as number
    const below = c[x] as number
    const value = (a[x] as number) * wa + above * wb + below * wc + (d[x] as number) * wd
    into[start + x] = Math.round(keepBetween(value, above, below))
  }
}

function interpolate(line: Buffer, { places, weights }: Taps): Float32Array {
  const wide = new Float32Array(places.length / 4)
  for (let x = 0, tap = 0; x < wide.length; x++, tap += 4) {
    const left = line[places[tap + 1] as number] as number
    const right = line[places[tap + 2] as number] as number
    const value =
      (line[places[tap] as number] as number) * (weights[tap] as number) +
      left * (weights[tap + 1] as number) +
      right * (weights[tap + 2] as number) +
      (line[places[tap + 3] as number] as number) * (weights[tap + 3] as number)
    wide[x] = keepBetween(value, left, right)
  }
  return wide
}

function keepBetween(value: number, a: number, b: number): number {
  return a < b ? Math.min(Math.max(value, a), b) : Math.min(Math.max(value, b), a)
}

/** The neighbours of each pixel along one direction, by the spline of Catmull and Rom. */
function findTaps(from: number, to: number): Taps {
  const places = new Int32Array(to * 4)
  const weights = new Float32Array(to * 4)
  for (let index = 0; index < to; index++) {
    // Pixels are squares: the middle of one of them is half a pixel away from its corner.
    const place = ((index + 0.5) * from) / to - 0.5
    const base = Math.floor(place)
    const t = place - base
    const cubic = [
      ((-t + 2) * t - 1) * t * 0.5,
      ((3 * t - 5) * t * t + 2) * 0.5,
      ((-3 * t + 4) * t + 1) * t * 0.5,
      (t - 1) * t * t * 0.5,
    ]
    for (const [tap, weight] of cubic.entries()) {
      places[index * 4 + tap] = Math.min(Math.max(base - 1 + tap, 0), from - 1)
      weights[index * 4 + tap] = weight
    }
  }
  return { places, weights }
}
