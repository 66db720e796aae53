/** Colour as people see it: lightness, green to red, blue to yellow (CIE 1976), for the white of D65. */
export type Lab = readonly [lightness: number, a: number, b: number]

/** Red, green and blue, 0 to 1. */
export type Rgb = readonly [red: number, green: number, blue: number]

type Matrix = readonly [Rgb, Rgb, Rgb]

/** A space of three primaries: how they mix to XYZ (D65), and how a number becomes light. */
export interface Space {
  toXyz: Matrix
  linearise: (value: number) => number
}

/** IEC 61966-2-1. */
const srgbCurve = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4

export const srgb: Space = {
  toXyz: [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.072175],
    [0.0193339, 0.119192, 0.9503041],
  ],
  linearise: srgbCurve,
}

/** SMPTE EG 432-1, with the white and the curve of sRGB. */
export const displayP3: Space = {
  toXyz: [
    [0.4865709, 0.2656677, 0.1982173],
    [0.2289746, 0.6917385, 0.0792869],
    [0, 0.0451134, 1.0439444],
  ],
  linearise: srgbCurve,
}

/** Adobe RGB (1998). */
export const adobeRgb: Space = {
  toXyz: [
    [0.5767309, 0.185554, 0.1881852],
    [0.2973769, 0.6273491, 0.0752741],
    [0.0270343, 0.0706872, 0.9911085],
  ],
  linearise: (value) => value ** (563 / 256),
}

const white: Rgb = [0.95047, 1, 1.08883]

/** What a colour of a space looks like. */
export function toLab(colour: Rgb, { toXyz, linearise }: Space): Lab {
  const light = colour.map(linearise)
  const [x = 0, y = 0, z = 0] = toXyz.map((row, index) => {
    const sum = row.reduce((total, factor, channel) => total + factor * (light[channel] ?? 0), 0)
    const share = sum / (white[index] ?? 1)
    return share > 216 / 24_389 ? Math.cbrt(share) : ((24_389 / 27) * share + 16) / 116
  })
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

/** How far two colours are apart, by the CIE's formula of 1976: one can just be seen where they touch each other. */
export function deltaE(one: Lab, other: Lab): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2])
}

/** The differences of two pictures of one size, of 8-bit sRGB with `channels` bytes a pixel, from pixel to pixel. */
export function compareSrgb(
  one: Uint8Array,
  other: Uint8Array,
  channels = 3,
): { mean: number; most: number } {
  const differences: number[] = []
  const labAt = (pixels: Uint8Array, at: number): Lab => {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(at, at + 3)
    return toLab([red / 255, green / 255, blue / 255], srgb)
  }
  for (let at = 0; at < one.length; at += channels) {
    differences.push(deltaE(labAt(one, at), labAt(other, at)))
  }
  return summarise(differences)
}

/** Mean and maximum. */
export function summarise(differences: readonly number[]): { mean: number; most: number } {
  const sum = differences.reduce((total, difference) => total + difference, 0)
  const most = differences.reduce((top, difference) => Math.max(top, difference), 0)
  return { mean: sum / differences.length, most }
}
