import { MagnificError } from '../core/errors.ts'

/**
 * A flag's text as it was typed: cac makes a number of what looks like one, and an id may.
 *
 * @param flag with its dashes
 * @returns an empty one where it stands without a value, `undefined` where it was not said
 */
export function readText(flag: string, argv: readonly string[] = process.argv): string | undefined {
  const at = argv.findLastIndex((text) => text === flag || text.startsWith(`${flag}=`))
  const text = argv[at]
  if (at === -1 || text === undefined) return undefined
  if (text !== flag) return text.slice(flag.length + 1)
  const next = argv[at + 1]
  // What stands without a value is followed by another flag, or by nothing.
  return next === undefined || /^--?[a-z]/i.test(next) ? '' : next
}

/** The texts of a flag that may be said more than once. */
export function readTexts(flag: string, argv: readonly string[] = process.argv): string[] {
  return argv.flatMap((text, at) => {
    if (text === flag) return argv[at + 1] ?? []
    return text.startsWith(`${flag}=`) ? text.slice(flag.length + 1) : []
  })
}

/** The same of one that has a short name too. */
export function readEither(flag: string, short: string): string | undefined {
  return readText(flag) ?? readText(short)
}

/**
 * An amount of money as it was typed.
 *
 * @returns euros
 * @throws MagnificError `BAD_FLAG`
 */
export function readEuros(flag: string): number | undefined {
  const text = readText(flag)
  if (text === undefined) return undefined
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text)
  throw new MagnificError(
    'BAD_FLAG',
    `${flag} must be an amount in euros, such as 5 or 2.50, got "${text}".`,
  )
}

/** Numbers below zero would be taken for flags: `--hdr -3` is read as `--hdr=-3`. */
export function joinNegativeNumbers(argv: readonly string[]): string[] {
  const joined: string[] = []
  for (const text of argv) {
    const last = joined.at(-1)
    const isValue = /^-\d/.test(text) && last !== undefined && /^--[a-z][\w-]*$/i.test(last)
    if (isValue) joined[joined.length - 1] = `${last}=${text}`
    else joined.push(text)
  }
  return joined
}
