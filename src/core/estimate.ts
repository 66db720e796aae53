/**
 * What each doubling step costs by its input's size. Never published by the API: inferred from a reseller's
 * prices, so whatever is made from it is shown as an estimate.
 */
const stepPrices: readonly { upToPixels: number; euros: number }[] = [
  { upToPixels: 1_300_000, euros: 0.1 },
  { upToPixels: 3_000_000, euros: 0.2 },
  { upToPixels: 6_400_000, euros: 0.3 },
  { upToPixels: Number.POSITIVE_INFINITY, euros: 1.2 },
]

/**
 * Estimates the price of a task: one charge for each doubling, by the pixels that go into it.
 *
 * @param pixels of the source
 * @param scale 2, 4, 8 or 16
 * @returns euros
 */
export function estimatePrice(pixels: number, scale: number): number {
  let euros = 0
  for (let step = 1; step < scale; step *= 2) {
    const input = pixels * step * step
    euros += stepPrices.find(({ upToPixels }) => input <= upToPixels)?.euros ?? 0
  }
  return Math.round(euros * 100) / 100
}
