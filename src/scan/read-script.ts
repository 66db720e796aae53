import { createCodeTest } from './code-test.ts'
import type { Collector } from './collector.ts'
import { readLiteral } from './literals.ts'
import { mayGlob, mayRefer } from './may-refer.ts'
import { addSpecifier, checkScript, parseScript } from './parse-script.ts'
import type { ScriptLanguage } from './parse-script.ts'
import { readCalls } from './read-calls.ts'
import { readHeader, readStatement } from './statements.ts'

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
const moduleWord = /(?<![\w$.])(?:import|export)\b(?!\s*[.(:])/g
/** What exports nothing of another module. */
const otherExport = /^export\s+(?!type\s*[{*])\w|^export\s*\{[^{}]*\}\s*(?!from\b)/
/** Of the names in an export: longer ones are left to the parser. UTF-16 code units. */
const longestExport = 1000
const requireCall = /(?<![\w$.])require\s*\(/g
const importCall =
  /(?<![\w$.])import\s*\((?:\s*(?:"[^"\n]*"|'[^'\n]*')\s*\)\s*(\.\s*(?!then\b|catch\b|finally\b))?)?/g
const valueBefore = /(?:\b(?:await|return|yield|void)|=>|[\w$]\()\s*$/

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
  if (!isCode || (hasMore && !isUnderstood(text, end, isCode, lang))) {
    parseScript(text, lang, collector)
    return
  }
  for (const { specifier, offset, isType } of statements) {
    if (!isType) addSpecifier('import', specifier, offset, collector)
  }
  if (hasMore) addRest(text, end, isCode, collector)
  if (isOurs && collector.checksSyntax) checkScript(text, lang, collector)
}

/** What a component says of its scripts. */
export function scriptLanguage(lang: string | undefined): ScriptLanguage {
  return lang === 'ts' || lang === 'tsx' ? lang : lang === 'typescript' ? 'ts' : 'jsx'
}

function hasCandidate(text: string, from: number): boolean {
  return importCandidates.some(([part, before, pattern]) => {
    for (let at = text.indexOf(part, from); at !== -1; at = text.indexOf(part, at + 1)) {
      pattern.lastIndex = at - before
      if (pattern.test(text)) return true
    }
    return false
  })
}

/** Whether all statements of modules behind the top are what a pattern takes them for. */
function isUnderstood(
  text: string,
  from: number,
  isCode: (offset: number) => boolean,
  lang: ScriptLanguage,
): boolean {
  if (lang.startsWith('ts') && mayImportTypes(text, isCode)) return false
  for (const { 0: word, index } of text.matchAll(moduleWord)) {
    if (index < from || !isCode(index)) continue
    const isOther = word === 'export' && otherExport.test(text.slice(index, index + longestExport))
    if (!isOther && !readStatement(text, index)) return false
  }
  return true
}

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

/** What stands behind the top of a script, as far as it is code. */
function addRest(
  text: string,
  from: number,
  isCode: (offset: number) => boolean,
  collector: Collector,
): void {
  readCalls(text, isCode, collector)
  for (const { index } of text.matchAll(moduleWord)) {
    const read = index >= from && isCode(index) ? readStatement(text, index) : undefined
    if (read && !read.isType) addSpecifier('import', read.specifier, read.offset, collector)
  }
  if (!text.includes('quire')) return
  for (const { 0: all, index } of text.matchAll(requireCall)) {
    const literal = isCode(index) ? readLiteral(text, index + all.length) : undefined
    if (literal?.kind === 'text') addSpecifier('require', literal.value, literal.start, collector)
  }
}
