import type { Program } from 'oxc-parser'
import { findNode, isText } from './syntax.ts'

/** How somebody writes their sources. */
export interface SourceStyle {
  quote: '"' | "'"
  /** An empty text where statements end without one. */
  semicolon: '' | ';'
  /** What a line ends with. */
  eol: string
  /** One step to the right. */
  indent: string
}

/** Reads how a source is written, to write the same way. */
export function readStyle(source: string, program: Program): SourceStyle {
  const statements = program.body.filter(({ type }) => !type.includes('Function'))
  const text = findNode(program, isText)
  return {
    quote: text?.raw.startsWith('"') ? '"' : "'",
    semicolon: statements.some(({ end }) => source[end - 1] === ';') ? ';' : '',
    eol: readEol(source),
    indent: /\n([ \t]+)(?=[^\s*])/.exec(source)?.[1] ?? '  ',
  }
}

/** What the first line of a text ends with. */
export function readEol(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n'
}
