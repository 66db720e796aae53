import { imageExtensions } from '../core/formats.ts'
import { isReference, splitReference } from '../core/request.ts'

/** A reference as it stands in a source. */
export interface Specifier {
  /** As written, with its query; of a glob, one of its patterns with the query. */
  specifier: string
  /** Without the question mark. */
  query: string
  /** Whether it is a pattern of `import.meta.glob`. */
  isPattern: boolean
}

/**
 * A quote that begins a text, by what stands before it, and not one that ends it or an apostrophe; up to its partner on the
 * same line, with a question mark in between.
 */
const textPattern =
  /(["'`])(?<=(?:^|[([{=:,?|&;>!+]|\b(?:as|await|case|default|from|import|in|of|return|yield))\s*["'`])((?:\\.|(?!\1)[^\\\r\n?])*\?(?:\\.|(?!\1)[^\\\r\n])*)\1/gm

const globPattern =
  /\bimport\.meta\.glob\s*(?:<[^()]*>)?\s*\(\s*(\[[^\]]*\]|(["'`])(?:(?!\2)[^\\\r\n])*\2)\s*,\s*\{[^{}]*?\bquery\s*:\s*(["'`])((?:\\.|(?!\3)[^\\\r\n])*)\3/g

const quotedPattern = /(["'`])((?:(?!\1)[^\\\r\n])*)\1/g

const imagePattern = new RegExp(`\\.(?:${imageExtensions.join('|')})$`, 'i')

/**
 * Finds the references in the text of a script or a component: texts in quotes that are a path of an image and a query of
 * ours, and the patterns of globs. Only as much of the language is understood as that takes: what is put together at run time
 * is not seen, and what is commented out over several lines is.
 *
 * @param passthrough query keys of other plugins
 * @returns in the order of the text, each once
 */
export function readSpecifiers(text: string, passthrough: readonly string[] = []): Specifier[] {
  // Most sources of a project are done with here.
  if (!text.includes('magnific')) return []
  const found = new Map<string, Specifier>()
  const add = (path: string, query: string, index: number, isPattern: boolean): void => {
    const specifier = `${path}?${query}`
    if (found.has(specifier) || !isReference(query, passthrough)) return
    // Looked at last, since a line may be as long as the whole text.
    if (!isCommented(text, index)) found.set(specifier, { specifier, query, isPattern })
  }
  for (const { file, query, index } of findTexts(text)) add(file, query, index, false)
  for (const { 1: list = '', 4: query = '', index } of text.matchAll(globPattern)) {
    for (const [, , pattern = ''] of list.matchAll(quotedPattern)) {
      if (!pattern.startsWith('!')) add(pattern, query.replace(/^\?/, ''), index, true)
    }
  }
  return [...found.values()]
}

/** Texts in quotes that have the path of an image before a question mark. */
function* findTexts(text: string): Generator<{ file: string; query: string; index: number }> {
  for (let from = 0; ;) {
    textPattern.lastIndex = from
    const match = textPattern.exec(text)
    if (!match) return
    const { 0: all, 2: literal = '', index } = match
    const { file, query } = splitReference(cook(literal) ?? '')
    const isImage = isImagePath(file)
    // Inside of what is none, another one may begin: v-if="ok ? './a.png?magnific' : …".
    from = index + (isImage ? all.length : 1)
    if (isImage) yield { file, query, index }
  }
}

/** No URL of another host, and nothing that is code itself; an apostrophe may be in a name. */
function isImagePath(path: string): boolean {
  if (/^(?:[a-z][\w+.-]+:|\/\/)/i.test(path)) return false
  return imagePattern.test(path) && !/["`]|(?<!\w)'|'(?!\w)/.test(path)
}

/** The text that a literal stands for; `undefined` where it is not known before the code runs. */
function cook(literal: string): string | undefined {
  if (literal.includes('${')) return undefined
  if (!literal.includes('\\')) return literal
  // Other escapes are in no path that anybody wrote by hand.
  if (/\\[^"'`\\/]/.test(literal)) return undefined
  return literal.replaceAll(/\\(.)/g, '$1')
}

function isCommented(text: string, index: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', index) + 1, index)
  return /^\s*(?:\/\/|\/\*|\*|\{\/\*|<!--)/.test(line)
}
