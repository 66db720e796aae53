import { isReference, splitReference } from '../core/request.ts'
import type { Collector, Find } from './collector.ts'
import { readLiteral, skipGap } from './literals.ts'
import type { Literal } from './literals.ts'

// A dot before it makes it a property, but for three of them.
const keyword = /(?<![\w$]|(?<!\.\.)\.)(?:import|new\s+URL)\b/g
const globPattern = /\bglob\s*/y
/** UTF-16 code units. */
const longestTypes = 1000
const workerBefore = /\bnew\s+(?:Shared)?Worker\s*\(\s*(?:\/\*[^*]*\*\/\s*)*$/
/** Vite then lists the names, and imports nothing. */
const keysBefore = /\bObject\.keys\(\s*$/
/** All that Vite knows, and `as`. */
const globOptions = ['query', 'import', 'eager', 'exhaustive', 'base', 'caseSensitive', 'as']
const formerGlob =
  "Vite's import.meta.glob knows no option `as` any more, and would take the originals. Write query: '?magnific=4x', import: 'default'."
const urlPattern =
  'new URL() with an expression stands for every image that the pattern fits, and all of them would be bought. Name the images.'

/**
 * Finds what a script refers to by calls: `import()`, `import.meta.glob()` and `new URL(…, import.meta.url)`.
 *
 * @param isCode whether an `import` at this offset is one, and not part of a text or a comment
 */
export function readCalls(
  text: string,
  isCode: (offset: number) => boolean,
  collector: Collector,
): void {
  keyword.lastIndex = 0
  for (let match = keyword.exec(text); match; match = keyword.exec(text)) {
    const { 0: word, index } = match
    const isImport = word === 'import'
    if (isImport && !isCode(index)) continue
    const next = skipGap(text, index + word.length)
    if (!isImport && text[next] === '(') readUrl(text, index, next + 1, isCode, collector)
    else if (isImport && text[next] === '(') readImport(text, next + 1, collector)
    else if (isImport && text[next] === '.') {
      // There is none in another one.
      keyword.lastIndex = Math.max(keyword.lastIndex, readGlob(text, index, next, collector))
    }
  }
}

/** Adds what a literal says. */
function addLiteral(
  literal: Literal,
  find: Omit<Find, 'path' | 'query' | 'offset'>,
  collector: Collector,
): void {
  const offset = literal.start
  if (literal.kind === 'text') {
    const { file: path, query } = splitReference(literal.value)
    collector.add({ ...find, path, query, offset })
  } else if (literal.kind === 'template') {
    const { file: path, query } = splitReference(literal.parts.join('*'))
    const { file: pattern } = splitReference(literal.parts.map(escapeGlob).join('*'))
    // With an expression in the query, nobody knows what it says.
    const expressions = literal.parts.length - 1
    if (pattern.split(/(?<!\\)\*/).length - 1 < expressions) return
    collector.add({ ...find, path, query, offset, patterns: [pattern.replaceAll('**', '*')] })
  }
}

function escapeGlob(text: string): string {
  return text.replaceAll(/[*{}()[\]!|+@\\]/g, String.raw`\$&`)
}

function readImport(text: string, from: number, collector: Collector): void {
  const literal = readLiteral(text, from)
  addLiteral(literal, { kind: 'dynamic-import', resolveKind: 'script', isModule: true }, collector)
}

function readUrl(
  text: string,
  index: number,
  from: number,
  isCode: (offset: number) => boolean,
  collector: Collector,
): void {
  const literal = readLiteral(text, from)
  if (text[literal.end] !== ',') return
  const meta = skipGap(text, literal.end + 1)
  if (!/^import\s*\.\s*meta\s*\.\s*url\b/.test(text.slice(meta, meta + 60)) || !isCode(meta)) return
  if (text.slice(index, literal.start).includes('@vite-ignore')) return
  const before = text.slice(Math.max(0, index - 100), index)
  const isModule = workerBefore.test(before)
  const find = { kind: 'new-url', resolveKind: 'url', isModule } as const
  addLiteral(
    literal,
    literal.kind === 'template' ? { ...find, refusal: urlPattern } : find,
    collector,
  )
}

/**
 * @param dot where the dot behind `import` is
 * @returns what is behind its arguments; 0 where it is none
 */
function readGlob(text: string, index: number, dot: number, collector: Collector): number {
  const meta = skipGap(text, dot + 1)
  const second = text.startsWith('meta', meta) ? skipGap(text, meta + 4) : -1
  if (text[second] !== '.') return 0
  globPattern.lastIndex = skipGap(text, second + 1)
  if (!globPattern.test(text)) return 0
  const open = skipTypes(text, skipGap(text, globPattern.lastIndex))
  if (text[open] !== '(') return 0
  if (keysBefore.test(text.slice(Math.max(0, index - 30), index))) return 0

  const first = readLiteral(text, open + 1)
  const options = text[first.end] === ',' ? readLiteral(text, first.end + 1) : undefined
  const fields = options?.kind === 'record' ? options.fields : new Map<string, Literal>()
  const former = textOf(fields.get('as'))
  const query = readQuery(fields.get('query')) ?? former?.replace(/^\?/, '') ?? ''
  const base = textOf(fields.get('base'))
  const texts = (first.kind === 'list' ? first.items : [first]).flatMap((item) =>
    item.kind === 'text' ? [{ ...item, value: rebase(item.value, base) }] : [],
  )
  const negative = texts.map(({ value }) => value).filter((value) => value.startsWith('!'))
  for (const { value, start } of texts) {
    if (value.startsWith('!')) continue
    const find = { kind: 'glob', resolveKind: 'script', offset: start, isModule: true } as const
    const { file: path, query: queryInside } = splitReference(value)
    const patterns = [path, ...negative]
    for (const [name, misplaced] of misplacedQueries(fields)) {
      collector.add({ ...find, path, query: misplaced, patterns, refusal: misnamedGlob(name) })
    }
    if (isReference(queryInside)) {
      const refusal = queryInPattern(path, queryInside)
      collector.add({ ...find, path, query: queryInside, patterns, refusal })
      continue
    }
    collector.add({
      ...find,
      path: value,
      query,
      patterns: [value, ...negative],
      ...(former !== undefined && { refusal: formerGlob }),
    })
  }
  return (options ?? first).end
}

/** What is said under a name that means nothing to Vite. */
function misplacedQueries(fields: ReadonlyMap<string, Literal>): [name: string, query: string][] {
  return [...fields].flatMap(([name, value]) => {
    const query = globOptions.includes(name) ? undefined : readQuery(value)
    return query !== undefined && isReference(query) ? [[name, query]] : []
  })
}

function misnamedGlob(name: string): string {
  return `Vite's import.meta.glob knows no option \`${name}\`, and would take the originals. Write query: '?magnific=4x', import: 'default'.`
}

function queryInPattern(path: string, query: string): string {
  return `Vite's import.meta.glob takes no query in a pattern, and would find nothing. Write import.meta.glob('${path}', { query: '?${query}', import: 'default' }).`
}

/** `<Record<string, () => Promise<string>>>` */
function skipTypes(text: string, from: number): number {
  if (text[from] !== '<') return from
  let depth = 0
  const end = Math.min(text.length, from + longestTypes)
  for (let at = from; at < end; at++) {
    if (text[at] === '<') depth++
    else if (text[at] === '>' && text[at - 1] !== '=' && --depth === 0) return skipGap(text, at + 1)
  }
  return end
}

/** As Vite reads it: a text, with its question mark or without, or an object. */
function readQuery(literal: Literal | undefined): string | undefined {
  if (literal?.kind !== 'record') return textOf(literal)?.replace(/^\?/, '')
  return [...literal.fields]
    .flatMap(([key, value]) => {
      const said = value.kind === 'other' ? value.text : textOf(value)
      if (said === undefined || said === 'undefined') return []
      const name = encodeURIComponent(key)
      return [said === '' ? name : `${name}=${encodeURIComponent(said)}`]
    })
    .join('&')
}

function textOf(literal: Literal | undefined): string | undefined {
  return literal?.kind === 'text' ? literal.value : undefined
}

/** A pattern that begins with a dot is relative to the option `base`. */
function rebase(pattern: string, base: string | undefined): string {
  const { sign = '', rest = '' } = /^(?<sign>!?)(?<rest>[^]*)$/.exec(pattern)?.groups ?? {}
  if (base === undefined || !/^\.\.?\//.test(rest)) return pattern
  return `${sign}${base.replace(/\/$/, '')}/${rest.replace(/^\.\//, '')}`
}
