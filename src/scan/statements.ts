import { skipGap } from './literals.ts'

/** An import or an export that names another module. */
export interface Statement {
  specifier: string
  /** Where the specifier stands, with its quotes. */
  offset: number
  /** Whether only types are imported, which are not there when the code runs. */
  isType: boolean
  /** What is behind it. */
  end: number
}

const name = String.raw`[\w$\u0080-\uFFFF]+`
const list = '\\{[^{}\'"`;()=/\\\\]*\\}'
const star = String.raw`\*(?:\s*as\s+${name})?`
const clause = String.raw`(?:${name}(?:\s*,\s*(?:${star}|${list}))?|${star}|${list})`
const statement = new RegExp(
  String.raw`(?:import\b\s*(?:(type\s+)?(${clause})\s*from\s*)?|export\s*(type\s+)?((?:${star}|${list}))\s*from\s*)` +
    String.raw`(?:"([^"\\\r\n]*)"|'([^'\\\r\n]*)')[^\S\r\n]*(?:;|(?=[\r\n]|\/[/*])|$)`,
  'y',
)
const typesOnly = /^\{\s*(?:type\s+[^,}]+,?\s*)+\}$/
const directive = /(["'])use [\w ]+\1\s*;?/y

/** Reads the statements at the top of a script, and tells where something else begins. */
export function readHeader(text: string): { end: number; statements: Statement[] } {
  const statements: Statement[] = []
  let at = text.startsWith('#!') ? text.indexOf('\n') : 0
  if (at === -1) at = text.length
  for (;;) {
    at = skipGap(text, at)
    directive.lastIndex = at
    if (statements.length === 0 && directive.test(text)) {
      at = directive.lastIndex
      continue
    }
    const read = readStatement(text, at)
    if (!read) return { end: at, statements }
    statements.push(read)
    at = read.end
  }
}

/** @returns `undefined` where there is no such statement, or one that takes more than a pattern to understand */
export function readStatement(text: string, at: number): Statement | undefined {
  statement.lastIndex = at
  const match = statement.exec(text)
  if (!match) return undefined
  const [all, type, names, exportType, exported, double, single] = match
  const specifier = double ?? single ?? ''
  const isType = (type ?? exportType) !== undefined || typesOnly.test(names ?? exported ?? '')
  const offset = at + all.lastIndexOf(specifier) - 1
  return { specifier, offset, isType, end: at + all.length }
}
