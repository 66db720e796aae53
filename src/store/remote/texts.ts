/**
 * A value as a store hands it out; `undefined` where it says that there is none.
 *
 * @throws Error where it is anything but a text: that is not to be taken for none
 */
export function expectText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new Error(`The store answered with ${typeof value} in place of a text.`)
}
