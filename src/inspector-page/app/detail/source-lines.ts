import type { InspectedImage } from '../../../inspector/contract.ts'
import { copyButton } from '../copy.ts'
import { button, h, write } from '../dom.ts'
import { foreign, showText } from '../format.ts'
import { icon } from '../icons.ts'

type Importer = InspectedImage['importers'][number]

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

/** What the lines can do besides being read. */
export interface LineActions {
  /** Opens the user's editor; `undefined` where there is no dev server. */
  open: ((file: string, line: number) => Promise<void>) | undefined
  explain(error: unknown): string
}

/** Every place that refers to an image, with the query that is to be written there. */
export function sourceLines(
  image: InspectedImage,
  query: string,
  { open, explain }: LineActions,
): HTMLElement {
  if (image.importers.length === 0) {
    return h('p', { class: 'hint' }, 'Nothing in the project refers to it at the moment.')
  }
  const isNew = query !== image.query
  return h(
    'ul',
    { class: 'lines' },
    ...image.importers.map((importer) => {
      const line = replaceQuery(importer.text, image, query)
      const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
      const place = `${importer.file}:${importer.line}`
      return h(
        'li',
        {},
        h(
          'div',
          { class: 'line-head' },
          h('span', { class: 'line-place' }, foreign(place)),
          h(
            'span',
            { class: 'line-actions' },
            line && isNew && copyButton('Copy line', () => line.before + line.query + line.after),
            open && openButton(open, explain, importer, problem),
          ),
        ),
        h(
          'pre',
          { tabindex: 0, 'aria-label': `Line of ${showText(place)}` },
          renderLine(importer, line, isNew),
        ),
        !line &&
          isNew &&
          h('p', { class: 'hint' }, 'The query is put together elsewhere: change it there.'),
        problem,
      )
    }),
  )
}

function renderLine({ text }: Importer, line: Line | undefined, isNew: boolean): HTMLElement {
  if (!line) return h('code', {}, showText(text))
  const query = showText(line.query)
  return h(
    'code',
    {},
    showText(line.before),
    isNew ? h('mark', {}, query) : h('b', {}, query),
    showText(line.after),
  )
}

function openButton(
  open: NonNullable<LineActions['open']>,
  explain: LineActions['explain'],
  { file, line }: Importer,
  problem: HTMLElement,
): HTMLElement {
  return button(
    { class: 'button' },
    async () => {
      problem.hidden = true
      try {
        await open(file, line)
      } catch (error) {
        problem.hidden = false
        write(problem, explain(error))
      }
    },
    icon('edit'),
    'Open in editor',
  )
}
