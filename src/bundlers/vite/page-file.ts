import { readFileSync } from 'node:fs'

/**
 * Whether a text stands in a page's own file, as a whole: what an app has rendered into a page may be anybody's, and
 * nobody's text is paid for.
 *
 * @param page an absolute path; one that cannot be read holds nothing
 */
export function isWrittenIn(page: string, text: string): boolean {
  let html: string
  try {
    html = readFileSync(page, 'utf8').replaceAll('&amp;', '&')
  } catch {
    return false
  }
  return [text.replaceAll('&amp;', '&'), encodeURI(text)].some((spelling) => {
    for (let at = html.indexOf(spelling); at !== -1; at = html.indexOf(spelling, at + 1)) {
      const before = html[at - 1] ?? ' '
      const after = html[at + spelling.length] ?? ' '
      // Part of a longer one is another one.
      if (/[\s"'(<=]/.test(before) && /[\s"')>]/.test(after)) return true
    }
    return false
  })
}
