import { distance } from 'fastest-levenshtein'

/**
 * The candidate that a typo most likely meant, or `undefined` where none is near: at most two edits, and no more than a
 * third of the letters. Capitals do not count.
 */
export function findNearest(word: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined
  let fewest = 3
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase())
    const allowed = Math.floor(Math.max(word.length, candidate.length) / 3)
    if (edits <= allowed && edits < fewest) {
      nearest = candidate
      fewest = edits
    }
  }
  return nearest
}

/** ` Did you mean "x"?`, or nothing where no candidate is near. */
export function suggest(word: string, candidates: readonly string[]): string {
  const nearest = findNearest(word, candidates)
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`
}
