/** A part of a style sheet that says something about what it refers to. */
export interface StyleToken {
  kind: 'text' | 'url' | 'function' | 'rule' | 'sign'
  /**
   * What it stands for: of a text or an unquoted URL its value; of a function its name, empty for one that is none of ours; of a
   * rule what is behind the `@`; names in lower case. A sign as it is written.
   */
  value: string
  start: number
}

// In order: comments, texts, unquoted URLs, rules, functions, signs. From CSS Syntax, as far as it matters here.
const tokenPattern =
  /\/\*[^*]*(?:\*(?!\/)[^*]*)*(?:\*\/)?|"[^"\\\r\n]*(?:\\[^][^"\\\r\n]*)*"?|'[^'\\\r\n]*(?:\\[^][^'\\\r\n]*)*'?|(?<![\w-])[uU][rR][lL]\(\s*(?!["'\s])([^"'()\\\s]*(?:\\[^][^"'()\\\s]*)*)\s*\)|@([\w\u0080-\uFFFF-]+)|((?<![\w-])(?:-webkit-)?(?:image-set|url|import|IMAGE-SET|URL))?\(|[;{})\n]/g

/**
 * Reads the tokens of a style sheet that matter, and leaves out everything else: a small part of the time that a whole tokenizer
 * takes. A line's end is a sign.
 */
export function readTokens(text: string): StyleToken[] {
  const tokens: StyleToken[] = []
  tokenPattern.lastIndex = 0
  for (let match = tokenPattern.exec(text); match; match = tokenPattern.exec(text)) {
    const { 0: raw, 1: url, 2: rule, 3: name = '', index: start } = match
    const first = raw[0]
    if (first === '"' || first === "'") {
      // What its line does not end is no text.
      const isClosed = raw.length > 1 && raw.at(-1) === first
      if (isClosed) tokens.push({ kind: 'text', value: unescape(raw.slice(1, -1)), start })
    } else if (url !== undefined) tokens.push({ kind: 'url', value: unescape(url), start })
    else if (rule !== undefined) tokens.push({ kind: 'rule', value: rule.toLowerCase(), start })
    else if (raw.endsWith('(')) tokens.push({ kind: 'function', value: name.toLowerCase(), start })
    else if (first !== '/') tokens.push({ kind: 'sign', value: raw, start })
  }
  return tokens
}

/** What escapes stand for; a line's end that is escaped is none. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(
    /\\(?:([\da-fA-F]{1,6})(?:\r\n|\s)?|(\r\n|[^]))/g,
    (_, hex?: string, other = '') => {
      if (hex === undefined) return /[\r\n\f]/.test(other) ? '' : other
      const code = Number.parseInt(hex, 16)
      return code === 0 || code > 0x10_ff_ff ? '\uFFFD' : String.fromCodePoint(code)
    },
  )
}
