import { ownKeys } from '../core/request.ts'

/**
 * A separator and what a key within two edits of `magnific` has left, or another key of ours; or an escape that may stand for
 * a question mark, in whatever language.
 */
const keyPattern = new RegExp(
  String.raw`[?&;][^\S\r\n]{0,2}(?:[^=&;?#'"\x60\s)]{0,8}(?:mag|ni|fic|%[4-7])|[^=&;?#'"\x60\s)]{0,2}(?:${ownKeys.join('|')}))` +
    String.raw`|\\(?:x3f|u003f|u\{0*3f|0{0,4}3f)|&(?:#|quest)`,
  'i',
)

/**
 * Whether there may be a reference in a text: most sources of a project are done with here, in a time that grows with the
 * text and no faster. Queries that are written as objects are not seen.
 */
export function mayRefer(text: string): boolean {
  return keyPattern.test(text)
}
