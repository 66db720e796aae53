import type { ParseResult } from 'oxc-parser'
import { splitReference } from '../core/request.ts'
import type { Collector } from './collector.ts'
import { findRequires } from './find-requires.ts'
import { loadModule } from './load-module.ts'
import { readCalls } from './read-calls.ts'

/** What oxc calls the languages. */
export type ScriptLanguage = 'js' | 'jsx' | 'ts' | 'tsx'

/** So many open brackets are no script that anybody wrote. Some times as many end the process: the parser's stack is full. */
const deepest = 1000
/** Brackets, and elements of JSX. In minified code, what is less than a value looks like one. */
const nesting = /[([{]|[)\]}]|(?<![\w$)\]])<[A-Za-z>]|<\/|\/>/g
const importText = /\b(?:import|export)\b[^'"`;()=]{0,1000}(["'])\s*\1/g
/** What is longer takes too long without a parser. UTF-16 code units. */
const longestBroken = 1_000_000

/** Finds the references and imports of a script as the parser sees them, and tells what is wrong with it. */
export function parseScript(text: string, lang: ScriptLanguage, collector: Collector): void {
  const result = parse(text, lang, collector)
  if (result) addParsed(text, result, collector)
  if (!result || tellError(result, collector)) recover(text, collector)
}

/** Tells what is wrong with a script. */
export function checkScript(text: string, lang: ScriptLanguage, collector: Collector): void {
  const result = parse(text, lang, collector)
  if (result) tellError(result, collector)
}

/** Adds what a statement says. */
export function addSpecifier(
  kind: 'import' | 'require',
  specifier: string,
  offset: number,
  collector: Collector,
): void {
  const { file: path, query } = splitReference(specifier)
  collector.add({ path, query, kind, resolveKind: 'script', offset, isModule: true })
}

/**
 * On this thread: handing a script of a usual size to another one takes as long, and more of everybody's time.
 *
 * @returns `undefined` where it is nested too deep
 */
function parse(text: string, lang: ScriptLanguage, collector: Collector): ParseResult | undefined {
  const tooDeep = findDeepBracket(text)
  if (tooDeep !== undefined) {
    collector.fail(`More than ${deepest} brackets are open`, tooDeep)
    return undefined
  }
  return loadModule.oxc().parseSync(`source.${lang}`, text, { lang, sourceType: 'unambiguous' })
}

function findDeepBracket(text: string): number | undefined {
  let depth = 0
  for (const { 0: found, index } of text.matchAll(nesting)) {
    const isOpening = '([{'.includes(found) || /^<[^/]/.test(found)
    depth = isOpening ? depth + 1 : Math.max(0, depth - 1)
    if (depth > deepest) return index
  }
  return undefined
}

function addParsed(text: string, result: ParseResult, collector: Collector): void {
  const { staticImports, staticExports, dynamicImports, importMetas } = result.module
  for (const { moduleRequest, entries } of staticImports) {
    if (entries.length > 0 && entries.every(({ isType }) => isType)) continue
    addSpecifier('import', moduleRequest.value, moduleRequest.start, collector)
  }
  for (const { moduleRequest, isType } of staticExports.flatMap(({ entries }) => entries)) {
    if (!moduleRequest || isType) continue
    addSpecifier('import', moduleRequest.value, moduleRequest.start, collector)
  }
  const starts = new Set([...dynamicImports, ...importMetas].map(({ start }) => start))
  if (starts.size > 0) readCalls(text, (offset) => starts.has(offset), collector)
  for (const { value, start } of findRequires(text, result)) {
    addSpecifier('require', value, start, collector)
  }
}

/** @returns whether there is an error */
function tellError({ errors }: ParseResult, collector: Collector): boolean {
  // Scripts that are wrapped into a function return.
  const error = errors.find(({ message }) => !message.startsWith("A 'return' statement"))
  if (error) collector.fail(error.message.replace(/\.$/, ''), error.labels[0]?.start ?? 0)
  return error !== undefined
}

/** What a script refers to that no parser takes: comments and texts are blanked out, and the rest looks like code. */
function recover(text: string, collector: Collector): void {
  if (text.length > longestBroken) return
  const { stripLiteral } = loadModule.stripLiteral()
  const masked = stripLiteral(text)
  const isCode = (offset: number): boolean =>
    masked.startsWith('import', offset) && !/[\w$.]/.test(masked[offset - 1] ?? '')
  readCalls(text, isCode, collector)
  for (const { 0: all, index } of masked.matchAll(importText)) {
    const end = index + all.length
    const start = masked.slice(index, end - 1).search(/["']/) + index
    const clause = masked.slice(index, start)
    const isImport = /^(?:import\s*|[^]*\bfrom\s*)$/.test(clause) && !/^\w+\s+type\s/.test(clause)
    if (isImport) addSpecifier('import', text.slice(start + 1, end - 1), start, collector)
  }
}
