import type { Collector } from './collector.ts'
import { mayRefer } from './may-refer.ts'
import { readCalls } from './read-calls.ts'
import { readScript } from './read-script.ts'
import { readStyle } from './read-style.ts'
import { scriptLanguage } from './read-vue.ts'

const openTag = /<!--|<(script|style)(?=[\s/>])/gi
const attributePattern =
  /\s*([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|\{[^}]*\}|([^\s>"'{]+)))?|\s*\/(?!>)/y
const frontmatter = /^\uFEFF?\s*---[^\S\n]*\r?\n/
const expressionCandidate = /\bimport\s*[(.]/

/**
 * Finds what a component of Svelte refers to. Its markup is not HTML, so that no parser of HTML is asked: what is in its
 * expressions is found by what it looks like.
 */
export function readSvelte(text: string, collector: Collector): void {
  const markup = readBlocks(text, collector, (name, attributes, inner, offset) => {
    const lang = attributes.get('lang') ?? attributes.get('type')?.replace('text/', '')
    if (name === 'style') readStyle(inner, lang ?? 'css', collector.at(offset))
    else readScript(inner, scriptLanguage(lang), collector.at(offset))
  })
  readExpressions(markup, collector)
}

/** Finds what a component of Astro refers to: what it runs when it is built, and the scripts that it ships. */
export function readAstro(text: string, collector: Collector): void {
  const start = frontmatter.exec(text)?.[0].length
  const end = start === undefined ? -1 : text.indexOf('\n---', start - 1)
  let rest = text
  if (start !== undefined && end !== -1) {
    readScript(text.slice(start, end), 'ts', collector.at(start))
    rest = blank(text, 0, end + 4)
  }
  const markup = readBlocks(rest, collector, (name, attributes, inner, offset) => {
    if (attributes.has('is:inline')) return
    if (name === 'style') readStyle(inner, attributes.get('lang') ?? 'css', collector.at(offset))
    // With other attributes, it is a script of the page's own.
    else if (attributes.size === 0) readScript(inner, 'ts', collector.at(offset))
  })
  readExpressions(markup, collector)
}

/** @returns the text without its blocks and comments, at the same offsets */
function readBlocks(
  text: string,
  collector: Collector,
  read: (
    name: string,
    attributes: ReadonlyMap<string, string>,
    inner: string,
    offset: number,
  ) => void,
): string {
  const parts: string[] = []
  let from = 0
  const skipTo = (start: number, end: number): void => {
    parts.push(text.slice(from, start), ' '.repeat(end - start))
    from = end
  }
  for (;;) {
    openTag.lastIndex = from
    const match = openTag.exec(text)
    if (!match) break
    const { 0: opened, 1: name, index } = match
    if (name === undefined) {
      const end = text.indexOf('-->', index + 4)
      skipTo(index, end === -1 ? text.length : end + 3)
      continue
    }
    const { attributes, end: inner, isClosed } = readTag(text, index + opened.length)
    const src = attributes.get('src')
    if (src !== undefined && name.toLowerCase() === 'script') addScript(src, index, collector)
    if (isClosed) {
      skipTo(index, inner)
      continue
    }
    const close = new RegExp(`</${name}\\s*>`, 'gi')
    close.lastIndex = inner
    const end = close.exec(text)?.index ?? text.length
    if (src === undefined) read(name.toLowerCase(), attributes, text.slice(inner, end), inner)
    skipTo(index, end)
  }
  return [...parts, text.slice(from)].join('')
}

function readTag(
  text: string,
  from: number,
): { attributes: ReadonlyMap<string, string>; end: number; isClosed: boolean } {
  const attributes = new Map<string, string>()
  let at = from
  for (;;) {
    attributePattern.lastIndex = at
    const match = attributePattern.exec(text)
    if (!match || match[0] === '') break
    const [all, name, double, single, bare] = match
    if (name !== undefined) attributes.set(name, double ?? single ?? bare ?? '')
    at += all.length
  }
  const [closing = ''] = /^\s*\/?>?/.exec(text.slice(at, at + 100)) ?? []
  return { attributes, end: at + closing.length, isClosed: closing.includes('/') }
}

function addScript(src: string, offset: number, collector: Collector): void {
  collector.add({
    path: src,
    query: '',
    kind: 'import',
    resolveKind: 'url',
    offset,
    isModule: true,
  })
}

/** What expressions of a markup refer to by calls, which are compiled into modules. */
export function readExpressions(markup: string, collector: Collector): void {
  if (!expressionCandidate.test(markup)) return
  if (!collector.wantsImports && !mayRefer(markup)) return
  readCalls(markup, (offset) => !/[\w$.`'"]/.test(markup[offset - 1] ?? ''), collector)
}

/** Puts spaces in place of a part. */
export function blank(text: string, start: number, end: number): string {
  return text.slice(0, start) + ' '.repeat(end - start) + text.slice(end)
}
