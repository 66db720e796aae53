import type { InspectedImage } from '../../../inspector/contract.ts'

/** A part of a source line: a query, or what stands around it. */
export interface Part {
  text: string
  isQuery: boolean
}

/** A source line in parts, or why it is left alone, as a sentence. */
export type Replaced = { ok: true; parts: Part[] } | { ok: false; why: string }

/** Puts another query into a source line, wherever the line holds the old one for this image. */
export function replaceQuery(
  text: string,
  { file, query: old }: Pick<InspectedImage, 'file' | 'query'>,
  query: string,
): Replaced {
  // The line may hold another image with the same query: the more of the path is the same, the surer it is this one.
  for (const path of [...listEnds(file), '']) {
    const places = findPlaces(text, path, old, query)
    const [first, ...others] = places
    if (!first) continue
    if (others.some(({ spelled }) => spelled !== first.spelled)) {
      return {
        ok: false,
        why: 'Several images in this line have this query: change it by hand.',
      }
    }
    return { ok: true, parts: cut(text, places) }
  }
  return { ok: false, why: 'The query is put together elsewhere: change it there.' }
}

/** `src/y/pic.png`, `y/pic.png`, `pic.png` */
function listEnds(file: string): string[] {
  const names = file.split('/')
  return names.map((_name, index) => names.slice(index).join('/'))
}

/** Where a query stands, what of the path stands before it, and what is to stand there. */
interface Place {
  from: number
  to: number
  spelled: string
  next: string
}

function findPlaces(text: string, path: string, old: string, next: string): Place[] {
  const escaped = (value: string): string => value.replaceAll('&', '&amp;')
  const spellings = new Map([
    [old, next],
    [escaped(old), escaped(next)],
  ])
  return [...spellings]
    .flatMap(([before, after]) =>
      findWhole(text, path, before).map((at): Place => {
        const from = at + path.length + 1
        const spelled = /[^\s"'`(),=]*$/.exec(text.slice(0, at))?.[0] ?? ''
        return { from, to: from + before.length, spelled, next: after }
      }),
    )
    .toSorted((a, b) => a.from - b.from)
}

/** Not where a name or a query goes on: `?magnific=2x` is no part of `?magnific=2x&w=80`, nor `pic.png` of `epic.png`. */
function findWhole(text: string, path: string, query: string): number[] {
  const searched = `${path}?${query}`
  const found: number[] = []
  for (let at = text.indexOf(searched); at !== -1; at = text.indexOf(searched, at + 1)) {
    const isStart = path === '' || !/[\p{L}\p{M}\p{N}_.%$@~-]$/u.test(text.slice(0, at))
    const isEnd = /^(?:$|[\s"'`)>,\\#])/.test(text.slice(at + searched.length))
    if (isStart && isEnd) found.push(at)
  }
  return found
}

function cut(text: string, places: readonly Place[]): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const { from, to, next } of places) {
    parts.push({ text: text.slice(end, from), isQuery: false }, { text: next, isQuery: true })
    end = to
  }
  return [...parts, { text: text.slice(end), isQuery: false }]
}
