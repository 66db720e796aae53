import { ownKeys } from '../core/request.ts'

/** What a key within two edits of `magnific` has left, or another key of ours, behind what begins a key. */
const keyPattern = new RegExp(
  String.raw`[?&;][^\S\r\n]{0,2}(?:[^=&;?]{0,8}(?:mag|ni|fic|%[4-7])|[^=&;?]{0,2}(?:${ownKeys.join('|')}))`,
)
/** Escapes that may stand for a question mark. */
const escapePattern = /\\(?:x3f|u003f|u\{0*3f|0{0,4}3f)/i
const entityPattern = /&(?:#|quest)/
/** What ends a text, and so a query, in whatever language; white space may be in a prompt. */
const endPattern = /["'`\r\n]/g
/** Longer than any query. */
const longest = 10_000
/** Behind a question mark and a space, which is a conditional's most likely. */
const shortest = 14
const space = 0x20

/**
 * Whether there may be a reference in a text: most sources of a project are done with here, in a time that grows with the
 * text and no faster. Queries that are written as objects are not seen.
 */
export function mayRefer(text: string): boolean {
  // A search for one letter is much faster than any pattern.
  let from = 0
  for (let at = text.indexOf('?'); at !== -1; at = text.indexOf('?', at + 1)) {
    // A text that was looked at is not looked at again: it may be long, and full of question marks.
    const next = text.charCodeAt(at + 1)
    if (at < from || !mayBeginQuery(next)) continue
    from = next === space ? at + shortest : endOfQuery(text, at)
    if (keyPattern.test(text.slice(at, from).toLowerCase())) return true
  }
  if (text.includes('\\') && escapePattern.test(text)) return true
  return text.includes('&') && entityPattern.test(text)
}

function endOfQuery(text: string, start: number): number {
  endPattern.lastIndex = start
  return Math.min(endPattern.exec(text)?.index ?? text.length, start + longest)
}

/** A conditional, `?.` and `??` are all over scripts. */
function mayBeginQuery(code: number): boolean {
  return !(code < space || code === 0x2e || code === 0x3f || code === 0x3a || code === 0x29)
}

/** Whether a script may have a glob whose query is written as an object, or without its question mark, under whatever name. */
export function mayGlob(text: string): boolean {
  // A rare letter is found sooner.
  return (text.includes('query') || text.includes('magnific')) && globPattern.test(text)
}

const globPattern = /\.\s*glob\b/
