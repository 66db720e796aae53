import type { CSSToken } from '@csstools/css-tokenizer'

/** Whether a language of style sheets has variables and comments of its own. */
export function isPreprocessed(lang: string): boolean {
  return /^(?:scss|sass|less|styl|stylus)$/.test(lang)
}

/** Whether a language does without braces and semicolons. */
export function isBare(lang: string): boolean {
  return /^(?:sass|styl|stylus|sss)$/.test(lang)
}

const lineComment =
  /"(?:\\[^]|[^"\\\r\n])*"?|'(?:\\[^]|[^'\\\r\n])*'?|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?|\burl\(\s*(?!["'\s])[^)\r\n]*\)?|\/\/[^\r\n]*/gi

/**
 * Puts spaces in place of comments that a line ends: CSS knows none, and would take a quote in them for the beginning of a
 * text. In Sass without braces such a comment goes on in the lines that are further to the right.
 */
export function blankLineComments(text: string, lang: string): string {
  const plain = text.replaceAll(lineComment, (found) =>
    found.startsWith('//') ? ' '.repeat(found.length) : found,
  )
  return lang === 'sass' ? blankNested(text, plain) : plain
}

function blankNested(text: string, plain: string): string {
  const lines = plain.split('\n')
  let limit = Infinity
  for (const [index, line] of text.split('\n').entries()) {
    const indent = line.search(/\S/)
    if (indent > limit) lines[index] = ' '.repeat(line.length)
    else if (indent !== -1) limit = /^\s*\/[/*]/.test(line) ? indent : Infinity
  }
  return lines.join('\n')
}

/**
 * Reads the variables of a style sheet that are one text, whatever happens.
 *
 * @returns what fills them into a text; it gives `undefined` where that holds more than such variables
 */
export function readVariables(tokens: readonly CSSToken[]): (text: string) => string | undefined {
  const variables = new Map<string, string | undefined>()
  const solid = tokens.filter(([type]) => type !== 'whitespace-token')
  for (const [index, [type]] of solid.entries()) {
    const [kind, name = ''] = solid[index - 1] ?? []
    if (type !== 'colon-token' || !/^(?:ident|at-keyword)-token$/.test(kind ?? '')) continue
    const isSass = kind === 'ident-token' && solid[index - 2]?.[1] === '$'
    if (!isSass && kind !== 'at-keyword-token') continue
    const key = isSass ? `$${name}` : name
    const value = solid[index + 1]
    const isText = value?.[0] === 'string-token' && solid[index + 2]?.[0] === 'semicolon-token'
    variables.set(key, isText && !variables.has(key) ? value[4].value : undefined)
  }
  return (text) => {
    let isKnown = true
    const filled = text.replaceAll(
      /#\{\s*(\$[\w-]+)\s*\}|@\{([\w-]+)\}/g,
      (_, sass?: string, less?: string) => {
        const value = variables.get(sass ?? `@${less}`)
        isKnown &&= value !== undefined
        return value ?? ''
      },
    )
    return isKnown && !/[#@]\{/.test(filled) ? filled : undefined
  }
}
