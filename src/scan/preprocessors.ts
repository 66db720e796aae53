/** Whether a language of style sheets has variables and comments of its own. */
export function isPreprocessed(lang: string): boolean {
  return /^(?:scss|sass|less|styl|stylus)$/.test(lang)
}

/** Whether a language does without braces and semicolons. */
export function isBare(lang: string): boolean {
  return /^(?:sass|styl|stylus|sss)$/.test(lang)
}

/** The loops in it are lazy where a greedy one would remember each letter: a long text would overflow the stack. */
const lineComment =
  /"(?:\\[^]|[^"\\\r\n])*?(?=["\r\n]|\\?$)"?|'(?:\\[^]|[^'\\\r\n])*?(?=['\r\n]|\\?$)'?|\/\*[^]*?(?:\*\/|$)|\b[uU][rR][lL]\(\s*(?!["'\s])[^)\r\n]*\)?|\/\/[^\r\n]*/g

/**
 * Puts spaces in place of comments that a line ends: CSS knows none, and would take a quote in them for the beginning of a
 * text. In Sass without braces such a comment goes on in the lines that are further to the right.
 */
export function blankLineComments(text: string, lang: string): string {
  const plain = lang === 'sass' ? blankNested(text) : text
  return plain.replaceAll(lineComment, (found) =>
    found.startsWith('//') ? ' '.repeat(found.length) : found,
  )
}

function blankNested(text: string): string {
  let limit = Infinity
  const lines = text.split('\n').map((line) => {
    const indent = line.search(/\S/)
    if (indent === -1) return line
    if (indent <= limit) limit = /^\s*\/[/*]/.test(line) ? indent : Infinity
    return limit === Infinity ? line : ' '.repeat(line.length)
  })
  return lines.join('\n')
}

const assignment = /([$@][\w-]+)\s*:\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)')?([^\S\n]*[^;\s}])?/g

/**
 * Reads the variables of a style sheet that are one text, whatever happens.
 *
 * @returns what fills them into a text; it gives `undefined` where that holds more than such variables
 */
export function createFill(text: string, lang: string): (value: string) => string | undefined {
  if (!isPreprocessed(lang) || !/[#@]\{/.test(text)) return (value) => value
  const variables = new Map<string, string | undefined>()
  for (const [, name = '', double, single, more] of text.matchAll(assignment)) {
    const value = more === undefined ? (double ?? single) : undefined
    // Set again, it may be one or the other.
    variables.set(name, variables.has(name) ? undefined : value)
  }
  return (value) => {
    let isKnown = true
    const filled = value.replaceAll(
      /#\{\s*(\$[\w-]+)\s*\}|@\{([\w-]+)\}/g,
      (_, sass?: string, less?: string) => {
        const said = variables.get(sass ?? `@${less}`)
        isKnown &&= said !== undefined
        return said ?? ''
      },
    )
    return isKnown && !/[#@]\{/.test(filled) ? filled : undefined
  }
}

/** What reads a file while the sheet is compiled, and knows nothing of a query. */
const readers: Readonly<Record<string, RegExp>> = {
  less: /^(?:data-uri|image-(?:size|width|height))$/,
  styl: /^(?:embedurl|image-size)$/,
}

/**
 * What is wrong with a reference in a function of a language; `undefined` where nothing is.
 *
 * @param name of the function, in lower case
 * @param url as it is written
 */
export function findReaderRefusal(
  lang: string,
  name: string | undefined,
  url: string,
): string | undefined {
  const reader = readers[lang === 'stylus' ? 'styl' : lang]
  if (name === undefined || reader?.test(name) !== true) return undefined
  const language = lang === 'less' ? 'Less' : 'Stylus'
  return name.startsWith('image-')
    ? `${language} looks at the file itself in ${name}(), and would tell the size of the original. Write the size that you want.`
    : `${language} reads the file itself in ${name}(), and would inline the original. Write url('${url}&inline').`
}
