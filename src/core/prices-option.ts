import { usualPrices } from './estimate.ts'
import type { PriceStep } from './estimate.ts'
import { isPlainObject, reportUnknown, show } from './option-readers.ts'

const example = '[{ upToMegapixels: 1.3, euros: 0.1 }, { euros: 0.3 }]'

/** What a doubling costs by size. Every size has a price: the last step is for all that is larger. */
export function readPrices(value: unknown, problems: string[]): readonly PriceStep[] {
  if (value === undefined) return usualPrices
  if (!Array.isArray(value) || value.length === 0 || !value.every(isPlainObject)) {
    problems.push(`\`prices\` must be a list of steps such as ${example}, got ${show(value)}.`)
    return usualPrices
  }
  let least = 0
  return value.map((step: Record<string, unknown>, index) => {
    const path = `prices[${index}]`
    reportUnknown(`${path}.`, step, ['upToMegapixels', 'euros'], problems)
    const { euros, upToMegapixels } = step
    if (typeof euros !== 'number' || !Number.isFinite(euros) || euros < 0) {
      problems.push(`\`${path}.euros\` must be a number from 0, got ${show(euros)}.`)
    }
    if (index === value.length - 1) {
      if (upToMegapixels !== undefined) {
        problems.push(
          `\`${path}.upToMegapixels\` is one too many: the last step is for all that is larger. Take it out, or add a step such as { euros: 1.2 }.`,
        )
      }
      return { euros: Number(euros) }
    }
    if (typeof upToMegapixels !== 'number' || !(upToMegapixels > least)) {
      problems.push(
        `\`${path}.upToMegapixels\` must be a number above ${least}, since steps go from the smallest to the largest, got ${show(upToMegapixels)}.`,
      )
    }
    least = Number(upToMegapixels)
    return { upToMegapixels: least, euros: Number(euros) }
  })
}
