import { splitReference } from '../core/request.ts'
import type { Collector } from './collector.ts'
import { mayGlob, mayRefer } from './may-refer.ts'
import { readCalls } from './read-calls.ts'
import { readScript, scriptLanguage } from './read-script.ts'
import { readStyle } from './read-style.ts'
import { blankSpans, readBlocks, readTag } from './tags.ts'
import type { Span } from './tags.ts'

const frontmatter = /^\uFEFF?\s*---[^\S\n]*\r?\n/
const expressionCandidate = /\bimport\s*[(.]/
/**
 * Finds what a component of Svelte refers to. Its markup is not HTML, so that no parser of HTML is asked: what is in its
 * expressions is found by what it looks like.
 */
export function readSvelte(text: string, collector: Collector): void {
  if (!collector.wantsImports && !mayBeOurs(text)) return
  const spans = readBlocks(text, 'script|style', ({ name, attributes, text: inner, end }) => {
    const lang = attributes.get('lang') ?? attributes.get('type')?.replace('text/', '')
    if (attributes.has('src')) return
    if (name === 'style') readStyle(inner, lang ?? 'css', collector.at(end))
    else readScript(inner, scriptLanguage(lang), collector.at(end))
  })
  readMarkup(text, spans, collector)
  if (text.includes('<enhanced:img')) readEnhanced(blankSpans(text, spans), collector)
}

/** What @sveltejs/enhanced-img takes for an import; Svelte itself takes no attribute for one. */
function readEnhanced(markup: string, collector: Collector): void {
  let end = 0
  for (const { index } of markup.matchAll(/<enhanced:img(?=[\s/>])/g)) {
    // Within an element there is none, and what never ends would be read again and again.
    if (index < end) continue
    const tag = readTag(markup, index, 'enhanced:img')
    end = tag.end
    const { file: path, query } = splitReference(tag.attributes.get('src')?.trim() ?? '')
    collector.add({
      path,
      query,
      kind: 'template',
      resolveKind: 'script',
      offset: index,
      isModule: false,
    })
  }
}

/** Finds what a component of Astro refers to: what it runs when it is built, and the scripts that it ships. */
export function readAstro(text: string, collector: Collector): void {
  if (!collector.wantsImports && !mayBeOurs(text)) return
  const start = frontmatter.exec(text)?.[0].length
  const end = start === undefined ? -1 : text.indexOf('\n---', start - 1)
  let rest = text
  if (start !== undefined && end !== -1) {
    readScript(text.slice(start, end), 'ts', collector.at(start))
    rest = ' '.repeat(end + 4) + text.slice(end + 4)
  }
  const spans = readBlocks(rest, 'script|style', (block) => {
    const { name, attributes, text: inner, end: from } = block
    const src = attributes.get('src')
    if (attributes.has('is:inline')) return
    if (name === 'style') readStyle(inner, attributes.get('lang') ?? 'css', collector.at(from))
    // With other attributes, it is a script of the page's own.
    else if (src !== undefined && attributes.size === 1) addScript(src, block.start, collector)
    else if (attributes.size === 0) readScript(inner, 'ts', collector.at(from))
  })
  readMarkup(rest, spans, collector)
}

function mayBeOurs(text: string): boolean {
  return mayRefer(text) || mayGlob(text)
}

function addScript(src: string, offset: number, collector: Collector): void {
  collector.add({
    path: src,
    query: '',
    kind: 'import',
    resolveKind: 'script',
    offset,
    isModule: true,
  })
}

function readMarkup(text: string, spans: readonly Span[], collector: Collector): void {
  if (expressionCandidate.test(text)) readExpressions(blankSpans(text, spans), collector)
}

/** What expressions of a markup refer to by calls, which are compiled into modules. */
export function readExpressions(markup: string, collector: Collector): void {
  if (!expressionCandidate.test(markup)) return
  readCalls(markup, (offset) => !/[\w$.`'"]/.test(markup[offset - 1] ?? ''), collector)
}
