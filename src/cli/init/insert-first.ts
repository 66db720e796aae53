import type MagicString from 'magic-string'
import type { Comment, Span } from 'oxc-parser'
import type { SourceStyle } from './source-style.ts'

/**
 * Puts something in front of all that stands between two brackets: on a line of its own where the others have theirs.
 *
 * @param brackets an array or an object
 * @param items what is in it
 */
export function insertFirst(
  edited: MagicString,
  brackets: Span,
  items: readonly (Span | null)[],
  what: string,
  source: { text: string; comments: readonly Comment[]; style: SourceStyle },
): void {
  const { text, comments, style } = source
  const from = brackets.start + 1
  const to = brackets.end - 1
  const first = items.find((item) => item !== null)
  const lineEnd = text.indexOf('\n', from)
  const isIn = ({ start, end }: Span): boolean => start < lineEnd && lineEnd < end
  if (lineEnd !== -1 && lineEnd < (first?.start ?? to) && !comments.some(isIn)) {
    const indent = first
      ? readIndent(text, first.start)
      : readIndent(text, brackets.start) + style.indent
    edited.appendRight(lineEnd + 1, `${indent}${what},${style.eol}`)
    return
  }
  if (first) {
    const comment = comments.find(({ start }) => start >= from)
    const start = Math.min(first.start, comment?.start ?? first.start)
    // A hole of an array stands before its comma.
    edited.appendRight(items[0] === null ? from : start, `${what}, `)
    return
  }
  const padding = text[brackets.start] === '{' ? ' ' : ''
  if (text.slice(from, to).trim() === '' && from < to) edited.remove(from, to)
  edited.appendRight(from, `${padding}${what}${padding}`)
}

/** The white space that the line of a place begins with. */
function readIndent(text: string, at: number): string {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1
  return /^[ \t]*/.exec(text.slice(lineStart, at))?.[0] ?? ''
}
