import { show } from './option-readers.ts'

/** Where types are written where no path is given, relative to the project's root. */
export const defaultDts = 'magnific.d.ts'

/** The path of the file of types, where one is wanted. What is wrong is added to `problems`. */
export function readDts(value: unknown, problems: string[]): string | undefined {
  if (value === false) return undefined
  if (value === true) return defaultDts
  if (typeof value === 'string' && /[^/\\]\.d\.ts$/.test(value)) return value
  problems.push(
    `\`dts\` must be true, false or a path that ends in .d.ts, such as '${defaultDts}', got ${show(value)}.`,
  )
  return undefined
}
