import type { ScriptLanguage } from './parse-script.ts'

/** What begins something that is not code, or may, in the order in which it is to be tried. */
const mark =
  /\/\/[^\n\r]*|\/\*[^]*?\*\/|"[^"\\\n]*(?:\\[^][^"\\\n]*)*"|'[^'\\\n]*(?:\\[^][^'\\\n]*)*'|["'`{}]|<\/|\/>?/g
const expression =
  /\/(?![*/])[^/\\[\n]*(?:(?:\\.|\[[^\]\\\n]*(?:\\.[^\]\\\n]*)*\])[^/\\[\n]*)*\/[a-z]*/y
const templateText = /[^`\\$]*(?:(?:\\[^]|\$(?!\{))[^`\\$]*)*(`|\$\{)/y
/** After these words an expression begins, and so may a regular one, or a text. */
const wordBefore =
  /(?<![\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|instanceof|yield|await|import|from|export|default|as|extends|satisfies)$/
/** JSX has texts of its own, in which a quote is an apostrophe. */
const markup = /<\/|\/>/
/** What no text or comment holds that really is one, but for few: then it is in doubt. */
const markupInside = /<\/|\/>|[{}]/

/**
 * Tells apart code from comments, texts and regular expressions, in a small part of the time that a parser takes.
 *
 * @returns whether there is code at an offset; `undefined` in place of a test where only a parser can tell
 */
export function createCodeTest(
  text: string,
  lang: ScriptLanguage,
): ((offset: number) => boolean) | undefined {
  const hasMarkup = lang !== 'ts' && markup.test(text)
  /** Where something begins that is no code, and where code goes on, in turn. */
  const bounds: number[] = []
  /** For each template literal that is open: how many braces are, in its expression. */
  const templates: number[] = []
  let depth = 0

  /** @returns where code goes on; -1 where it does not */
  const skipTemplate = (from: number): number => {
    templateText.lastIndex = from
    const [, end] = templateText.exec(text) ?? []
    if (end === undefined) return -1
    if (end === '${') {
      templates.push(depth)
      depth = 0
    }
    return templateText.lastIndex
  }

  /** @returns where what begins with a mark ends; -1 where only a parser can tell */
  const skip = (found: string, index: number): number => {
    const end = index + found.length
    switch (found) {
      case '{':
        depth++
        return end
      case '}':
        if (depth === 0 && templates.length > 0) {
          depth = templates.pop() ?? 0
          return skipTemplate(end)
        }
        depth--
        return end
      case '`':
        return hasMarkup && endsValue(text, index) ? -1 : skipTemplate(end)
      case '</':
        return hasMarkup ? end : -1
      case '/>':
        if (hasMarkup) return end
      // falls through
      case '/':
        // A comment that does not end.
        if (text[index + 1] === '*') return -1
        return skipSlash(text, index)
      default: {
        const isText = found.startsWith('"') || found.startsWith("'")
        // Code has no text there: it is an apostrophe.
        if (hasMarkup && isText && endsValue(text, index)) return index + 1
        if (found.length === 1) return -1
        if (!hasMarkup || found.startsWith('/*')) return end
        return (!isText && text[index - 1] === ':') || markupInside.test(found) ? -1 : end
      }
    }
  }

  mark.lastIndex = 0
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    const { 0: found, index } = match
    const end = skip(found, index)
    if (end === -1) return undefined
    if (end - index > 2) bounds.push(index, end)
    mark.lastIndex = end
  }
  // Braces that are left over are no code, or were not understood.
  if (depth !== 0 || templates.length > 0) return undefined
  return (offset) => isOutside(bounds, offset)
}

/** Behind a division, code goes on; behind a regular expression too, but further on. */
function skipSlash(text: string, slash: number): number {
  const isExpression = beginsExpression(text, slash)
  if (isExpression === undefined) return -1
  if (!isExpression) return slash + 1
  expression.lastIndex = slash
  return expression.test(text) ? expression.lastIndex : -1
}

/** Whether a slash begins a regular expression; `undefined` where it takes more than what stands before it to tell. */
function beginsExpression(text: string, slash: number): boolean | undefined {
  const at = lastSolid(text, slash)
  const before = text[at]
  if (before === undefined) return true
  if (before === ')' || before === '}' || before === '/' || before === '>') return undefined
  if (/["'`\]]/.test(before)) return false
  return !isWordEnd(before) || wordBefore.test(text.slice(Math.max(0, at - 12), at + 1))
}

/** Whether a value ends directly before a place, so that no other one begins there. */
function endsValue(text: string, index: number): boolean {
  const before = text[index - 1] ?? ''
  return isWordEnd(before) && !wordBefore.test(text.slice(Math.max(0, index - 13), index))
}

function lastSolid(text: string, from: number): number {
  let at = from - 1
  while (at >= 0 && /\s/.test(text[at] ?? '')) at--
  return at
}

function isWordEnd(char: string): boolean {
  return /[\w$\u0080-\uFFFF]/.test(char)
}

/** @param bounds in order: where something begins that does not count, and where it ends, in turn */
function isOutside(bounds: readonly number[], offset: number): boolean {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((bounds[middle] ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return low % 2 === 0
}
