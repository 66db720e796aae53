import { isReference } from '../core/request.ts'
import type {
  ReferenceKind,
  ResolveKind,
  SourceContents,
  SourceImport,
  SourceReference,
} from './source-contents.ts'

/** What a reader has come upon: a specifier that may be a reference, may lead to another source, or neither. */
export interface Find {
  /** Without its query. */
  path: string
  /** Without the question mark; an empty one where there is none. */
  query: string
  kind: ReferenceKind
  resolveKind: ResolveKind
  /** Where it stands in the text. */
  offset: number
  /** Whether the host takes what it leads to for a source of its own. */
  isModule: boolean
  /** See `SourceReference`. */
  patterns?: readonly string[]
  refusal?: string
}

/** Gathers what the readers of a source find. One for each source. */
export interface Collector {
  /** Whether modules are wanted, or references alone. */
  readonly wantsImports: boolean
  /** Whether a script that was understood without a parser is parsed all the same, to tell what is wrong with it. */
  readonly checksSyntax: boolean
  /** Finds in a part of the source are at offsets of that part: this gathers them for the whole. */
  at(offset: number): Collector
  add(find: Find): void
  /** @param message without a full stop at its end */
  fail(message: string, offset: number): void
}

/** How a source is read. */
export interface CollectorSettings {
  /** Query keys of other plugins. */
  passthrough?: readonly string[] | undefined
  wantsImports: boolean
  checksSyntax: boolean
}

/** What a bundler puts values in place of, and then drops what is never run. */
const targetPattern =
  /\bimport\.meta\.env\b|\bprocess\.env\b|\b__[A-Z][A-Z_]*__\b|\btypeof (?:window|document)\b/

/** What needs no host to say that it leads to no file of the project. */
const externalPattern = /^\s*(?:(?:https?|data|blob|file|about|mailto|node|sass):|\/\/|$)/i
const schemePattern = /^\s*[a-z][\w+.-]+:/i
/** What is imported as a text, or as the URL of what it is. */
const rawQuery = /(?:^|&)raw(?:&|=|$)/
const urlQuery = /(?:^|&)url(?:&|=|$)/
const workerQuery = /(?:^|&)(?:shared)?worker(?:&|=|$)/
const styleExtension = /\.(?:css|less|sass|scss|styl|stylus|pcss|postcss|sss)$/

/** What stands in most sources. */
export const nothing: SourceContents = { references: [], imports: [] }

/** @returns a collector, and what brings its finds into the shape that others see */
export function createCollector(
  text: string,
  settings: CollectorSettings,
): { collector: Collector; finish(): SourceContents } {
  const references = new Map<string, Find & { isConditional: boolean }>()
  const imports = new Map<string, SourceImport>()
  let problem: { message: string; offset: number } | undefined

  let asksForTarget: boolean | undefined
  const add = (find: Find): void => {
    const { path, query, resolveKind: kind, patterns } = find
    const isConditional =
      find.kind === 'dynamic-import' && (asksForTarget ??= targetPattern.test(text))
    // Elsewhere, a fragment is a place in the page itself.
    if (externalPattern.test(path) || (kind !== 'script' && path.startsWith('#'))) return
    if (isReference(query, settings.passthrough)) {
      if (schemePattern.test(path)) return
      // What is right in one place may be wrong in another one.
      const place = find.refusal === undefined ? '' : `${find.refusal}\n`
      const key = `${place}${patterns ? `${find.kind} ${patterns.join(' ')}` : path}?${query}`
      const known = references.get(key)
      if (known && known.offset <= find.offset) return
      references.set(key, { ...find, isConditional, path: copy(path), query: copy(query) })
    } else if (find.isModule && settings.wantsImports && isFollowed(path, query)) {
      const isPattern = patterns !== undefined
      const key = `${kind} ${patterns?.join(' ') ?? path}`
      if (imports.has(key) && imports.get(key)?.isConditional !== true) return
      const specifier = copy(path)
      imports.set(key, { specifier, kind, isPattern, isConditional, ...(patterns && { patterns }) })
    }
  }
  const collectorAt = (base: number): Collector => ({
    wantsImports: settings.wantsImports,
    checksSyntax: settings.checksSyntax,
    at: (offset) => collectorAt(base + offset),
    add: (find) => add({ ...find, offset: base + find.offset }),
    fail: (message, offset) => {
      if (!problem || base + offset < problem.offset) problem = { message, offset: base + offset }
    },
  })

  const finish = (): SourceContents => {
    if (references.size === 0 && imports.size === 0 && !problem) return nothing
    const locate = createLocator(text)
    const found = [...references.values()].toSorted((a, b) => a.offset - b.offset)
    const contents: SourceContents = {
      references: found.map((find) => toReference(find, locate(find.offset))),
      imports: [...imports.values()],
    }
    if (problem) {
      const { line, column } = createLocator(text)(problem.offset)
      contents.problem = { message: `${problem.message} (line ${line}, column ${column}).` }
    }
    return contents
  }
  return { collector: collectorAt(0), finish }
}

/** A part of a text is kept with all of that text, which would be every source of a project. */
function copy(text: string): string {
  return ` ${text}`.slice(1)
}

function isFollowed(path: string, query: string): boolean {
  if (rawQuery.test(query)) return false
  return !urlQuery.test(query) || styleExtension.test(path) || workerQuery.test(query)
}

function toReference(
  {
    path,
    query,
    kind,
    resolveKind,
    patterns,
    refusal,
    isConditional,
  }: Find & {
    isConditional: boolean
  },
  place: { line: number; column: number },
): SourceReference {
  return {
    specifier: `${path}?${query}`,
    query,
    kind,
    resolveKind,
    isPattern: patterns !== undefined,
    isConditional,
    ...(patterns && { patterns }),
    ...(refusal !== undefined && { refusal }),
    ...place,
  }
}

/** Tells lines and columns of offsets, the smaller ones first, reading the text no more than once. */
function createLocator(text: string): (offset: number) => { line: number; column: number } {
  let line = 1
  let start = 0
  return (offset) => {
    for (let end = text.indexOf('\n', start); end !== -1 && end < offset;) {
      line++
      start = end + 1
      end = text.indexOf('\n', start)
    }
    return { line, column: offset - start + 1 }
  }
}
