/** A value as it is written in a script. */
export type Literal = { start: number; end: number } & (
  | { kind: 'text'; value: string }
  /** A template literal: what stands before, between and behind its expressions. */
  | { kind: 'template'; parts: string[] }
  | { kind: 'list'; items: Literal[] }
  | { kind: 'record'; fields: Map<string, Literal> }
  /** Anything else, as it is written. */
  | { kind: 'other'; text: string }
)

/** Lists in lists are read no deeper: nobody refers to images in them. */
const deepest = 8
/** What is longer is no value that anybody wrote: it was not closed. UTF-16 code units. */
const longest = 10_000

const spacePattern = /[\s\uFEFF]+/y
const simpleEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  v: '\v',
  f: '\f',
  0: '\0',
}

/** @returns where something else than white space and comments begins */
export function skipGap(text: string, from: number): number {
  for (let at = from; ;) {
    spacePattern.lastIndex = at
    if (spacePattern.test(text)) at = spacePattern.lastIndex
    if (text.startsWith('//', at)) at = endOf(text, /[\n\r\u2028\u2029]/g, at)
    else if (text.startsWith('/*', at)) at = endOf(text, /\*\//g, at + 2)
    else return at
  }
}

/**
 * Reads the value that begins in the code of a script, and everything up to the comma or bracket behind it. Of another
 * expression, nothing is read.
 */
export function readLiteral(text: string, from: number, depth = 0): Literal {
  const start = skipGap(text, from)
  const read = depth > deepest ? undefined : readStart(text, start, depth)
  if (read && endsThere(text, read.end)) return { ...read, end: skipExpression(text, read.end) }
  const end = depth === 0 ? start : skipExpression(text, start)
  return { kind: 'other', text: text.slice(start, end).trim(), start, end }
}

function readStart(text: string, start: number, depth: number): Literal | undefined {
  const first = text[start]
  if (first === '"' || first === "'") {
    const end = skipText(text, start)
    return { kind: 'text', value: cook(text.slice(start + 1, end - 1)), start, end }
  }
  if (first === '`') {
    const { parts, end } = readTemplate(text, start)
    const [value = ''] = parts
    return parts.length === 1
      ? { kind: 'text', value, start, end }
      : { kind: 'template', parts, start, end }
  }
  if (first === '[') return readList(text, start, depth)
  return first === '{' ? readRecord(text, start, depth) : undefined
}

/** Whether a value is over: what follows may say what type it has, and nothing that makes another value of it. */
function endsThere(text: string, from: number): boolean {
  const at = skipGap(text, from)
  return at >= text.length || /^(?:[,\])};]|as\b|satisfies\b)/.test(text.slice(at, at + 10))
}

function readList(text: string, start: number, depth: number): Literal {
  const items: Literal[] = []
  for (let at = skipGap(text, start + 1); ;) {
    if (at >= text.length || text[at] === ']') return { kind: 'list', items, start, end: at + 1 }
    const item = readLiteral(text, at, depth + 1)
    items.push(item)
    at = skipSeparator(text, item.end, at)
  }
}

function readRecord(text: string, start: number, depth: number): Literal {
  const fields = new Map<string, Literal>()
  for (let at = skipGap(text, start + 1); ;) {
    if (at >= text.length || text[at] === '}') return { kind: 'record', fields, start, end: at + 1 }
    const isQuoted = /["']/.test(text[at] ?? '')
    const nameEnd = isQuoted ? skipText(text, at) : endOfName(text, at)
    const name = isQuoted ? cook(text.slice(at + 1, nameEnd - 1)) : text.slice(at, nameEnd)
    const colon = skipGap(text, nameEnd)
    if (text[colon] === ':' && name !== '') {
      const value = readLiteral(text, colon + 1, depth + 1)
      fields.set(name, value)
      at = skipSeparator(text, value.end, at)
    } else {
      at = skipSeparator(text, skipExpression(text, at), at)
    }
  }
}

/** Always goes on, whatever stands there. */
function skipSeparator(text: string, end: number, from: number): number {
  const at = skipGap(text, end)
  return text[at] === ',' ? skipGap(text, at + 1) : Math.max(at, from + (at === from ? 1 : 0))
}

function endOfName(text: string, from: number): number {
  const pattern = /[\w$\u0080-\uFFFF]+/y
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : from
}

/** @returns where the comma or the bracket is that ends an expression */
function skipExpression(text: string, from: number): number {
  const open: string[] = []
  const limit = Math.min(text.length, from + longest)
  for (let at = from; at < limit;) {
    at = skipGap(text, at)
    const char = text[at] ?? ''
    if (char === '"' || char === "'") at = skipText(text, at)
    else if (char === '`') at = readTemplate(text, at).end
    else if ('([{'.includes(char)) {
      open.push(char)
      at++
    } else if (')]}'.includes(char)) {
      if (open.pop() === undefined) return at
      at++
    } else if ((char === ',' || char === ';') && open.length === 0) return at
    else at++
  }
  return limit
}

/** @returns what is behind a text in quotes; one that its line does not end, ends with the line */
export function skipText(text: string, start: number): number {
  const quote = text[start]
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === quote) return at + 1
    else if (char === '\n') return at
  }
  return text.length
}

function readTemplate(text: string, start: number): { parts: string[]; end: number } {
  const parts: string[] = []
  let from = start + 1
  const limit = Math.min(text.length, start + longest)
  for (let at = from; at < limit; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '`') {
      return { parts: [...parts, cook(text.slice(from, at))], end: at + 1 }
    } else if (char === '$' && text[at + 1] === '{') {
      parts.push(cook(text.slice(from, at)))
      at = skipExpression(text, at + 2)
      from = at + 1
    }
  }
  return { parts: [...parts, cook(text.slice(from, limit))], end: limit }
}

/** What a literal stands for. */
export function cook(raw: string): string {
  if (!raw.includes('\\')) return raw
  return raw.replaceAll(
    /\\(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2})|(\r\n|[^]))/gi,
    (_, braced?: string, four?: string, two?: string, other = '') => {
      const code = Number.parseInt(braced ?? four ?? two ?? '', 16)
      if (code <= 0x10_ff_ff) return String.fromCodePoint(code)
      return /[\r\n\u2028\u2029]/.test(other) ? '' : (simpleEscapes[other] ?? other)
    },
  )
}

function endOf(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : text.length
}
