import type { CSSToken } from '@csstools/css-tokenizer'
import { splitReference } from '../core/request.ts'
import { blankLineComments, isBare, isPreprocessed, readVariables } from './preprocessors.ts'
import type { Collector, Find } from './collector.ts'
import { loadModule } from './load-module.ts'
import { mayRefer } from './may-refer.ts'

const importRule = /^(?:import|use|forward|reference|require)$/i
const importCandidate = /@(?:import|use|forward|reference|require|value)\b|\bcomposes\b|:import\b/i
/** Rules whose texts and URLs lead to no picture. */
const otherRule =
  /^(?:namespace|charset|layer|plugin|config|source|tailwind|value|debug|warn|error)$/i
const imageSet = /^(?:-webkit-)?image-set$/i

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
  const { tokenize } = loadModule.cssTokenizer()
  const tokens = tokenize({ css: plain }).filter(([type]) => type !== 'comment')
  readTokens(tokens, lang, collector)
}

function readTokens(tokens: readonly CSSToken[], lang: string, collector: Collector): void {
  const fill = isPreprocessed(lang) ? readVariables(tokens) : (value: string) => value
  const add = (value: string, offset: number, isModule: boolean): void => {
    const filled = fill(value)?.trim()
    if (filled === undefined) return
    const { file: path, query } = splitReference(filled)
    const find: Find = {
      path,
      query,
      kind: 'css-url',
      resolveKind: 'style',
      offset,
      isModule,
    }
    collector.add(find)
  }

  /** The functions and parentheses that are open. */
  const open: string[] = []
  /** The rule whose beginning is being read, or `composes`. */
  let rule = ''
  for (const [index, token] of tokens.entries()) {
    const [type, raw, offset, , data] = token
    const inner = open.at(-1) ?? ''
    switch (type) {
      case 'semicolon-token':
      case '{-token':
      case '}-token':
        open.length = 0
        rule = ''
        break
      case 'whitespace-token':
        // Some languages have no braces, and end a statement with its line.
        if (isBare(lang) && raw.includes('\n') && open.length === 0) rule = ''
        break
      case 'at-keyword-token':
        rule = data.value.toLowerCase()
        break
      case 'ident-token':
        if (/^composes$/i.test(data.value) && typeAt(tokens, index + 1) === 'colon-token') {
          rule = 'composes'
        }
        break
      case 'function-token':
        // `:import('./a.css')` of CSS modules
        if (data.value === 'import' && tokens[index - 1]?.[0] === 'colon-token') rule = 'import'
        open.push(data.value.toLowerCase())
        break
      case '(-token':
        open.push('')
        break
      case ')-token':
        open.pop()
        break
      case 'url-token':
        if (!otherRule.test(rule)) add(data.value, offset, importRule.test(rule))
        break
      case 'string-token':
        if (importRule.test(rule)) {
          // What a module is configured with leads to none.
          if (inner === 'url' || inner === 'import' || open.length === 0) {
            add(data.value, offset, true)
          }
        } else if (rule === 'composes' || rule === 'value') {
          if (wordBefore(tokens, index) === 'from') add(data.value, offset, true)
        } else if (otherRule.test(rule)) {
          break
        } else if (inner === 'url' || imageSet.test(inner) || isPreprocessed(lang)) {
          add(data.value, offset, false)
        }
        break
    }
  }
}

function typeAt(tokens: readonly CSSToken[], index: number): string | undefined {
  const type = tokens[index]?.[0]
  return type === 'whitespace-token' ? tokens[index + 1]?.[0] : type
}

function wordBefore(tokens: readonly CSSToken[], index: number): string {
  const isSpace = tokens[index - 1]?.[0] === 'whitespace-token'
  return tokens[isSpace ? index - 2 : index - 1]?.[1] ?? ''
}
