import type { InspectedImage } from '../../../inspector/contract.ts'

/** A source line, cut where the query is. */
export interface Line {
  before: string
  query: string
  after: string
}

/**
 * Puts another query into a source line.
 *
 * @returns `undefined` where the line does not hold the old one as it is known, be it for a constant or a template
 */
export function replaceQuery(text: string, image: InspectedImage, query: string): Line | undefined {
  const name = image.file.slice(image.file.lastIndexOf('/') + 1)
  const escaped = (value: string): string => value.replaceAll('&', '&amp;')
  const spellings: [string, string][] = [
    [image.query, query],
    [escaped(image.query), escaped(query)],
  ]
  // The line may hold another image with the same query.
  for (const start of [`${name}?`, '?']) {
    for (const [old, next] of spellings) {
      const at = findWhole(text, start + old)
      if (at === -1) continue
      const from = at + start.length
      return { before: text.slice(0, from), query: next, after: text.slice(from + old.length) }
    }
  }
  return undefined
}

/** Not where it goes on: `?magnific=2x` is no part of `?magnific=2x&w=80`. */
function findWhole(text: string, searched: string): number {
  for (let at = text.indexOf(searched); at !== -1; at = text.indexOf(searched, at + 1)) {
    if (/^(?:$|[\s"'`)>,\\#])/.test(text.slice(at + searched.length))) return at
  }
  return -1
}
