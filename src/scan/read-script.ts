import { splitReference } from '../core/request.ts'
import type { Collector } from './collector.ts'
import { skipGap } from './literals.ts'
import { loadModule } from './load-module.ts'
import { mayRefer } from './may-refer.ts'
import { readCalls } from './read-calls.ts'
import { readRequires } from './read-requires.ts'

/** What oxc calls the languages. */
export type ScriptLanguage = 'js' | 'jsx' | 'ts' | 'tsx'

/** An import or export at the top of a script, without anything that would take more than this to understand. */
const statement =
  /(import\b(?!\s*[.(])|export(?=\s*[*{]|\s+type\s*[*{]))([^'"`;()=/\\]*)(["'])((?:(?!\3)[^\\\r\n])*)\3[^\S\r\n]*(?:;|(?=[\r\n])|$)/y
const directive = /(["'])use [\w ]+\1\s*;?/y
/** What no name is called, but in a way that is left to the parser. */
const statementWord =
  /\b(?:import|export|const|let|var|function|class|interface|enum|namespace|declare|default|async|abstract)\b/
const typeClause = /^\s+type\s+(?!,|from\s*$)/
const typesOnly = /^\s*\{\s*(?:type\s+[^,}]+,?\s*)+\}\s*from\s*$/

/** What may be an import that does not stand at the top, or refer to something in another way: the parser decides. */
const importCandidate =
  /\bimport\b(?!\s*\.\s*meta\b)|\bmeta\s*\??\.\s*glob\b|\bexport\s*(?:type\s*)?(?:\/|\*|\{[^{}]*\}\s*from\b)|\brequire\b|\bWorker\s*\(/
const globCandidate = /\.\s*glob\b/

/**
 * Finds the references and imports of a script. Where they all stand at its top, and nothing that looks like one stands
 * anywhere else, no parser is needed; that is so in most sources.
 */
export function readScript(text: string, lang: ScriptLanguage, collector: Collector): void {
  const { wantsImports } = collector
  if (!wantsImports && !mayRefer(text) && !globCandidate.test(text)) return
  const { end, statements } = readHeader(text)
  const rest = text.slice(end)
  if ((wantsImports && importCandidate.test(rest)) || mayRefer(rest) || globCandidate.test(rest)) {
    parseScript(text, lang, collector)
  } else {
    for (const { specifier, offset } of statements) addImport(specifier, offset, collector)
  }
}

function addImport(specifier: string, offset: number, collector: Collector): void {
  const { file: path, query } = splitReference(specifier)
  collector.add({
    path,
    query,
    kind: 'import',
    resolveKind: 'script',
    offset,
    isModule: true,
  })
}

interface Statement {
  specifier: string
  offset: number
}

/** @returns the statements at the top of a script, and where something else begins */
function readHeader(text: string): { end: number; statements: Statement[] } {
  const statements: Statement[] = []
  let at = text.startsWith('#!') ? text.indexOf('\n') : 0
  if (at === -1) at = text.length
  for (;;) {
    at = skipGap(text, at)
    directive.lastIndex = at
    if (statements.length === 0 && directive.test(text)) {
      at = directive.lastIndex
      continue
    }
    statement.lastIndex = at
    const match = statement.exec(text)
    if (!match) return { end: at, statements }
    const [all, word, clause = '', , specifier = ''] = match
    const isWhole = /(?:^|[\s}*])from\s*$/.test(clause) || (word === 'import' && !clause.trim())
    if (!isWhole || statementWord.test(clause)) return { end: at, statements }
    if (!typeClause.test(clause) && !typesOnly.test(clause)) {
      statements.push({ specifier, offset: at + all.lastIndexOf(specifier) - 1 })
    }
    at += all.length
  }
}

function parseScript(text: string, lang: ScriptLanguage, collector: Collector): void {
  const { parseSync } = loadModule.oxc()
  const result = parseSync(`source.${lang}`, text, { lang, sourceType: 'unambiguous' })
  const { staticImports, staticExports, dynamicImports, importMetas } = result.module
  for (const { moduleRequest, entries } of staticImports) {
    if (entries.length > 0 && entries.every(({ isType }) => isType)) continue
    addImport(moduleRequest.value, moduleRequest.start, collector)
  }
  for (const { moduleRequest, isType } of staticExports.flatMap(({ entries }) => entries)) {
    if (moduleRequest && !isType) addImport(moduleRequest.value, moduleRequest.start, collector)
  }
  const starts = new Set([...dynamicImports, ...importMetas].map(({ start }) => start))
  if (starts.size > 0) readCalls(text, (offset) => starts.has(offset), collector)
  readRequires(text, result, collector)

  // Templates of scripts, and scripts that are wrapped into a function, return.
  const error = result.errors.find(({ message }) => !message.startsWith("A 'return' statement"))
  if (!error) return
  collector.fail(error.message.replace(/\.$/, ''), error.labels[0]?.start ?? 0)
  recover(text, collector)
}

const importText = /\b(?:import|export)\b[^'"`;()=]*(["'])\s*\1/g

/** What a script refers to that no parser takes: comments and texts are blanked out, and the rest looks like code. */
function recover(text: string, collector: Collector): void {
  const { stripLiteral } = loadModule.stripLiteral()
  const masked = stripLiteral(text)
  readCalls(
    text,
    (offset) => masked.startsWith('import', offset) && !/[\w$.]/.test(masked[offset - 1] ?? ''),
    collector,
  )
  for (const { 0: all, index } of masked.matchAll(importText)) {
    const end = index + all.length
    const start = masked.slice(index, end - 1).search(/["']/) + index
    const clause = masked.slice(index, start)
    if (/^(?:import\s*|[^]*\bfrom\s*)$/.test(clause) && !/^\w+\s+type\s/.test(clause)) {
      addImport(text.slice(start + 1, end - 1), start, collector)
    }
  }
}
