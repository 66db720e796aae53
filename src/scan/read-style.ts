import { splitReference } from '../core/request.ts'
import type { Collector } from './collector.ts'
import { mayRefer } from './may-refer.ts'
import {
  blankLineComments,
  createFill,
  findReaderRefusal,
  isBare,
  isPreprocessed,
} from './preprocessors.ts'
import { readTokens } from './style-tokens.ts'
import type { StyleToken } from './style-tokens.ts'

const importRule = /^(?:import|use|forward|reference|require)$/
const importCandidate = /@(?:import|use|forward|reference|require|value)\b|\bcomposes\b|:import\b/i
/** Rules whose texts and URLs lead to no picture. */
const otherRule = /^(?:namespace|charset|layer|plugin|config|source|tailwind|debug|warn|error)$/
const imageSet = /^(?:-webkit-)?image-set$/

/**
 * Finds the references of a style sheet: `url()` and `image-set()` in its declarations, and what a preprocessor is given as a
 * text; and the style sheets that it imports.
 *
 * @param lang the extension that files of this language have
 */
export function readStyle(text: string, lang: string, collector: Collector): void {
  const wantsImports = collector.wantsImports && importCandidate.test(text)
  if (!wantsImports && !mayRefer(text)) return
  const plain = isPreprocessed(lang) ? blankLineComments(text, lang) : text
  const fill = createFill(plain, lang)
  const add = ({ value, start: offset }: StyleToken, isModule: boolean, inner?: string): void => {
    const filled = fill(value)?.trim()
    if (filled === undefined) return
    const { file: path, query } = splitReference(filled)
    const refusal = findReaderRefusal(lang, inner, filled)
    const find = { path, query, offset, isModule, ...(refusal !== undefined && { refusal }) }
    collector.add({ ...find, kind: 'css-url', resolveKind: 'style' })
  }

  /** The functions and parentheses that are open. */
  const open: string[] = []
  /** The rule whose beginning is being read. */
  let rule = ''
  /** Where a statement begins. */
  let start = 0
  for (const token of readTokens(plain)) {
    const { kind, value } = token
    if (kind === 'rule') rule = value
    else if (kind === 'function') {
      // `:import('./a.css')` of CSS modules
      if (value === 'import' && plain[token.start - 1] === ':') rule = value
      open.push(value)
    } else if (kind === 'url') {
      if (!otherRule.test(rule)) add(token, importRule.test(rule))
    } else if (kind === 'text') {
      const before = plain.slice(start, token.start)
      const use = useOf(rule, open.at(-1), before, isPreprocessed(lang))
      if (use !== undefined) add(token, use === 'module', open.at(-1))
    } else if (value === ')') open.pop()
    else if (value !== '\n' || (isBare(lang) && open.length === 0)) {
      open.length = 0
      rule = ''
      start = token.start + 1
    }
  }
}

/** What a text in quotes may be. */
function useOf(
  rule: string,
  inner: string | undefined,
  before: string,
  isAnyText: boolean,
): 'module' | 'image' | undefined {
  if (importRule.test(rule)) {
    // What a module is configured with leads to none.
    return inner === undefined || inner === 'url' || inner === 'import' ? 'module' : undefined
  }
  // `composes: a from './b.css'`, `@value a from './b.css'`
  if (rule === 'value' || /^\s*composes\s*:/i.test(before)) {
    return /\bfrom\s*$/.test(before) ? 'module' : undefined
  }
  if (otherRule.test(rule)) return undefined
  return inner === 'url' || imageSet.test(inner ?? '') || isAnyText ? 'image' : undefined
}
