import type { InspectedImage, InspectedState } from '../../../inspector/contract.ts'
import { count, showText } from '../format.ts'
import { stateNames } from '../states.ts'

/** The orders that a reader can choose. */
export const orders = {
  name: 'Name',
  state: 'State',
  size: 'Size',
  estimate: 'Estimate',
  gain: 'Gain',
} as const

/** One of them. */
export type Order = keyof typeof orders

/** Which images are shown, and in what order. */
export interface Arrangement {
  text: string
  state: InspectedState | 'all'
  order: Order
  isReversed: boolean
}

/** The pixels of what ships, as far as they are known. */
export function outputOf(image: InspectedImage): { width: number; height: number } | undefined {
  return image.result ?? image.output
}

/** How many times as many pixels there are; 0 where that is not known. */
export function gainOf(image: InspectedImage): number {
  const output = outputOf(image)
  if (!output || !image.source) return 0
  return (output.width * output.height) / (image.source.width * image.source.height)
}

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Names from A on; everything else from what matters most, or is largest. */
const comparers: Readonly<Record<Order, (a: InspectedImage, b: InspectedImage) => number>> = {
  name: () => 0,
  state: (a, b) => stateNames.indexOf(a.state) - stateNames.indexOf(b.state),
  size: (a, b) => pixels(b) - pixels(a),
  estimate: (a, b) => b.estimate - a.estimate,
  gain: (a, b) => gainOf(b) - gainOf(a),
}

/** Filters and sorts. Every word of the text must be in a name, query, prompt or importer. */
export function arrange(
  images: readonly InspectedImage[],
  { text, state, order, isReversed }: Arrangement,
): InspectedImage[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = images.filter((image) => {
    if (state !== 'all' && image.state !== state) return false
    if (words.length === 0) return true
    const searched = searchedText(image)
    return words.every((word) => searched.includes(word))
  })
  const compare = comparers[order]
  const sign = isReversed ? -1 : 1
  return shown.toSorted(
    (a, b) =>
      sign * (compare(a, b) || names.compare(a.file, b.file) || names.compare(a.query, b.query)),
  )
}

function pixels(image: InspectedImage): number {
  const size = outputOf(image) ?? image.source
  return size ? size.width * size.height : 0
}

function searchedText(image: InspectedImage): string {
  const importers = image.importers.map(({ file }) => file)
  const params = Object.values(image.params).map(String)
  return [image.file, image.query, ...params, ...importers].join('\n').toLowerCase()
}

/** Images that one purchase is for, the first of them first; what is invalid is bought by none. */
export type Purchases = ReadonlyMap<string, readonly InspectedImage[]>

/** Puts images together by what is bought for them. */
export function groupByPurchase(images: readonly InspectedImage[]): Purchases {
  const purchases = new Map<string, InspectedImage[]>()
  for (const image of images) {
    const { fingerprint } = image
    if (fingerprint !== '')
      purchases.set(fingerprint, [...(purchases.get(fingerprint) ?? []), image])
  }
  return purchases
}

/**
 * What is bought together with an image, in words: the same pixels under another name, or for other variants.
 *
 * @returns '' where it is bought alone, or not at all
 */
export function describeShared(image: InspectedImage, purchases: Purchases): string {
  const isBought = ['cached', 'missing', 'pending'].includes(image.state)
  const others = (purchases.get(image.fingerprint) ?? []).filter(({ id }) => id !== image.id)
  const [other] = others
  if (!isBought || !other) return ''
  const name = other.file === image.file ? `?${other.query}` : other.file
  const more = others.length > 1 ? ` and ${count(others.length - 1, 'other')}` : ''
  return `Bought once, with ${showText(name)}${more}.`
}

/** Whether an image is the one whose estimate stands for all that is bought with it. */
export function isFirstOfPurchase(image: InspectedImage, purchases: Purchases): boolean {
  const [first] = purchases.get(image.fingerprint) ?? []
  return first === undefined || first.id === image.id
}
