import { splitReference } from '../core/request.ts'
import type { ParseResult } from 'oxc-parser'
import type { Collector } from './collector.ts'
import { createCodeTest } from './code-test.ts'
import { readLiteral, skipGap } from './literals.ts'
import { loadModule } from './load-module.ts'
import { mayGlob, mayRefer } from './may-refer.ts'
import { readCalls } from './read-calls.ts'
import { findRequires } from './find-requires.ts'

/** What oxc calls the languages. */
export type ScriptLanguage = 'js' | 'jsx' | 'ts' | 'tsx'

const name = String.raw`[\w$\u0080-\uFFFF]+`
const list = '\\{[^{}\'"`;()=/\\\\]*\\}'
const star = String.raw`\*(?:\s*as\s+${name})?`
const clause = String.raw`(?:${name}(?:\s*,\s*(?:${star}|${list}))?|${star}|${list})`
/** An import or export of another module, without anything that would take more than this to understand. */
const statement = new RegExp(
  String.raw`(?:import\b\s*(?:(type\s+)?(${clause})\s*from\s*)?|export\s*(type\s+)?((?:${star}|${list}))\s*from\s*)` +
    String.raw`(?:"([^"\\\r\n]*)"|'([^'\\\r\n]*)')[^\S\r\n]*(?:;|(?=[\r\n]|\/[/*])|$)`,
  'y',
)
const typesOnly = /^\{\s*(?:type\s+[^,}]+,?\s*)+\}$/
const directive = /(["'])use [\w ]+\1\s*;?/y
/** What exports nothing of another module. */
const otherExport = /^export\s+(?!type\s*[{*])\w|^export\s*\{[^{}]*\}\s*(?!from\b)/

/**
 * What may be an import that does not stand at the top: a part of a word that is rare, by which it is found without looking at
 * every letter, and what then has to stand there.
 */
const importCandidates: readonly (readonly [part: string, before: number, pattern: RegExp])[] = [
  ['mport', 1, /import\b(?!\s*\.\s*meta\b(?!\s*\??\.\s*glob\b))/y],
  ['xport', 1, /export\s*(?:type\s*)?(?:\/|\*|\{[^{}]*\}\s*from\b)/y],
  ['quire', 2, /require\b/y],
  ['Worker', 0, /Worker\s*\(/y],
]
/** What refers to images, and imports nothing. */
const urlCandidate = /\bnew\s+URL\b/

function hasCandidate(text: string, from: number): boolean {
  return importCandidates.some(([part, before, pattern]) => {
    for (let at = text.indexOf(part, from); at !== -1; at = text.indexOf(part, at + 1)) {
      pattern.lastIndex = at - before
      if (pattern.test(text)) return true
    }
    return false
  })
}

/**
 * Finds the references and imports of a script. A parser takes longer than everything else together, so that only scripts
 * come to it whose language is in doubt; and those that may hold a reference, where it is to be told what is wrong with them.
 */
export function readScript(text: string, lang: ScriptLanguage, collector: Collector): void {
  const isOurs = mayRefer(text) || mayGlob(text)
  if (!isOurs && !collector.wantsImports) return
  const { end, statements } = readHeader(text)
  const hasMore = hasCandidate(text, end) || (isOurs && urlCandidate.test(text))
  const isCode = hasMore ? createCodeTest(text, lang) : () => true
  if (!isCode) {
    parseWhole(text, lang, collector)
    return
  }
  for (const { specifier, offset } of statements) addImport(specifier, offset, collector)
  if (hasMore && !addRest(text, end, isCode, lang, collector)) {
    parseWhole(text, lang, collector)
    return
  }
  if (isOurs && collector.checksSyntax) tellError(parse(text, lang), collector)
}

/** What a component says of its scripts. */
export function scriptLanguage(lang: string | undefined): ScriptLanguage {
  return lang === 'ts' || lang === 'tsx' ? lang : lang === 'typescript' ? 'ts' : 'jsx'
}

/** Of the names in an export: longer ones are left to the parser. */
const longest = 1000
const requireCall = /(?<![\w$.])require\s*\(/g

/**
 * What stands behind the top of a script, as far as it is code.
 *
 * @returns whether all of it was understood
 */
function addRest(
  text: string,
  from: number,
  isCode: (offset: number) => boolean,
  lang: ScriptLanguage,
  collector: Collector,
): boolean {
  if (lang.startsWith('ts') && mayImportTypes(text, isCode)) return false
  readCalls(text, isCode, collector)
  for (const { 0: word, index } of text.matchAll(/(?<![\w$.])(?:import|export)\b(?!\s*[.(:])/g)) {
    if (index < from || !isCode(index)) continue
    const read = readStatement(text, index)
    const isOther = word === 'export' && otherExport.test(text.slice(index, index + longest))
    if (!read && !isOther) return false
    if (read && !read.isType) addImport(read.specifier, read.offset, collector)
  }
  if (!text.includes('quire')) return true
  for (const { 0: all, index } of text.matchAll(requireCall)) {
    if (!isCode(index)) continue
    const literal = readLiteral(text, index + all.length)
    if (literal.kind === 'text') addRequire(literal.value, literal.start, collector)
  }
  return true
}

const importCall =
  /(?<![\w$.])import\s*\((?:\s*(?:"[^"\n]*"|'[^'\n]*')\s*\)\s*(\.\s*(?!then\b|catch\b|finally\b))?)?/g
const valueBefore = /(?:\b(?:await|return|yield|void)|=>|[\w$]\()\s*$/

/** Whether an `import()` of TypeScript may be a type, which is not there when the code runs. */
function mayImportTypes(text: string, isCode: (offset: number) => boolean): boolean {
  for (const { index, 1: member } of text.matchAll(importCall)) {
    if (!isCode(index)) continue
    if (member !== undefined || !valueBefore.test(text.slice(Math.max(0, index - 30), index))) {
      return true
    }
  }
  return false
}

function parseWhole(text: string, lang: ScriptLanguage, collector: Collector): void {
  const result = parse(text, lang)
  addParsed(text, result, collector)
  if (tellError(result, collector)) recover(text, collector)
}

/** On this thread: handing a script of a usual size to another one takes as long, and more of everybody's time. */
function parse(text: string, lang: ScriptLanguage): ParseResult {
  return loadModule.oxc().parseSync(`source.${lang}`, text, { lang, sourceType: 'unambiguous' })
}

function addParsed(text: string, result: ParseResult, collector: Collector): void {
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
  for (const { value, start } of findRequires(text, result)) addRequire(value, start, collector)
}

/** @returns whether there is one */
function tellError({ errors }: ParseResult, collector: Collector): boolean {
  // Scripts that are wrapped into a function return.
  const error = errors.find(({ message }) => !message.startsWith("A 'return' statement"))
  if (error) collector.fail(error.message.replace(/\.$/, ''), error.labels[0]?.start ?? 0)
  return error !== undefined
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
    const read = readStatement(text, at)
    if (!read) return { end: at, statements }
    if (!read.isType) statements.push(read)
    at = read.end
  }
}

/** @returns `undefined` where there is no import or export of another module, or one that takes more to understand */
function readStatement(
  text: string,
  at: number,
): (Statement & { isType: boolean; end: number }) | undefined {
  statement.lastIndex = at
  const match = statement.exec(text)
  if (!match) return undefined
  const [all, type, names, exportType, exported, double, single] = match
  const specifier = double ?? single ?? ''
  const isType = (type ?? exportType) !== undefined || typesOnly.test(names ?? exported ?? '')
  const offset = at + all.lastIndexOf(specifier) - 1
  return { specifier, offset, isType, end: at + all.length }
}

function addRequire(specifier: string, offset: number, collector: Collector): void {
  const { file: path, query } = splitReference(specifier)
  collector.add({
    path,
    query,
    kind: 'require',
    resolveKind: 'script',
    offset,
    isModule: true,
  })
}

const importText = /\b(?:import|export)\b[^'"`;()=]{0,1000}(["'])\s*\1/g
/** What is longer takes too long without a parser. UTF-16 code units. */
const longestBroken = 1_000_000

/** What a script refers to that no parser takes: comments and texts are blanked out, and the rest looks like code. */
function recover(text: string, collector: Collector): void {
  if (text.length > longestBroken) return
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
