/** How a source refers to an image. */
export type ReferenceKind =
  | 'import'
  | 'dynamic-import'
  | 'glob'
  | 'new-url'
  | 'require'
  | 'css-url'
  | 'html'
  | 'template'

/**
 * By whose rules a specifier is resolved: those of modules, of style sheets (Sass and Less among them), of pages, or of
 * `new URL()`. The last two need no dot.
 */
export type ResolveKind = 'script' | 'style' | 'page' | 'url'

/** A reference as it stands in a source. */
export interface SourceReference {
  /**
   * As the host sees it: a literal's value, entities decoded, with its query. Of a glob, one of its patterns with the query;
   * of a template literal, with `*` for what is known only when it runs.
   */
  specifier: string
  /** Without the question mark. */
  query: string
  kind: ReferenceKind
  /** By whose rules it is resolved. */
  resolveKind: ResolveKind
  /** Whether it stands for every image that a pattern fits. */
  isPattern: boolean
  /** Of a pattern: the glob without a query, and those beginning with `!` that take files away from it. */
  patterns?: readonly string[]
  /** See `SourceImport`. */
  isConditional: boolean
  /** Why a build refuses it, whatever its query says: a sentence. */
  refusal?: string
  /** From 1. */
  line: number
  /** From 1. UTF-16 code units. */
  column: number
}

/** What a source imports of other sources. */
export interface SourceImport {
  /** Without its query. */
  specifier: string
  kind: ResolveKind
  isPattern: boolean
  /** Whether it is `import()` in a source that asks what it is built for: a bundler may leave it out. */
  isConditional: boolean
  /** See `SourceReference`. */
  patterns?: readonly string[]
}

/** What is wrong with a source. */
export interface SourceProblem {
  /** One sentence, with line and column. */
  message: string
}

/** What stands in a source. */
export interface SourceContents {
  /** In the order of the text, each specifier once. */
  references: SourceReference[]
  /** Each once. */
  imports: SourceImport[]
  /** The first syntax error, where one was met. What could be read all the same is in the lists. */
  problem?: SourceProblem
}
