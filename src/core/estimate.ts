/** What one doubling costs, up to a size of what goes into it. */
export interface PriceStep {
  /** Of the picture that is doubled. The last step has none: it is for all that is larger. */
  upToMegapixels?: number | undefined
  euros: number
}

/**
 * What each doubling step costs by its input's size. Never published by the API: inferred from a reseller's
 * prices, so whatever is made from it is shown as an estimate.
 */
export const usualPrices: readonly PriceStep[] = [
  { upToMegapixels: 1.3, euros: 0.1 },
  { upToMegapixels: 3, euros: 0.2 },
  { upToMegapixels: 6.4, euros: 0.3 },
  { euros: 1.2 },
]

/**
 * Estimates the price of a task: one charge for each doubling, by the pixels that go into it.
 *
 * @param pixels of the source
 * @param scale 2, 4, 8 or 16
 * @param prices by size, the smallest first
 * @returns euros, to a hundredth of a cent
 */
export function estimatePrice(
  pixels: number,
  scale: number,
  prices: readonly PriceStep[] = usualPrices,
): number {
  let euros = 0
  for (let step = 1; step < scale; step *= 2) {
    const megapixels = (pixels * step * step) / 1e6
    euros +=
      prices.find(({ upToMegapixels = Infinity }) => megapixels <= upToMegapixels)?.euros ?? 0
  }
  return Math.round(euros * 1e4) / 1e4
}
