import type { InspectedImage } from '../../../inspector/contract.ts'
import { copyButton } from '../copy.ts'
import { button, h, write } from '../dom.ts'
import { foreign, showText } from '../format.ts'
import { icon } from '../icons.ts'
import { replaceQuery } from './replace-query.ts'
import type { Part, Replaced } from './replace-query.ts'

type Importer = InspectedImage['importers'][number]

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
      const asked = h('p', { class: 'hint', role: 'status', hidden: true })
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
            line.ok &&
              !importer.isPart &&
              isNew &&
              copyButton('Copy line', () => line.parts.map(({ text }) => text).join('')),
            open && openButton(open, explain, importer, { asked, problem }),
          ),
        ),
        h(
          'pre',
          { tabindex: 0, 'aria-label': `Line of ${showText(place)}` },
          renderLine(line.ok ? line.parts : [{ text: importer.text, isQuery: false }], isNew),
        ),
        describeLine(importer, line, isNew),
        asked,
        problem,
      )
    }),
  )
}

function renderLine(parts: readonly Part[], isNew: boolean): HTMLElement {
  return h(
    'code',
    {},
    ...parts.map(({ text, isQuery }) =>
      isQuery ? h(isNew ? 'mark' : 'b', {}, showText(text)) : showText(text),
    ),
  )
}

function describeLine(
  { isPart }: Importer,
  line: Replaced,
  isNew: boolean,
): HTMLElement | undefined {
  if (isPart) {
    const text = 'The line is long: this is a part of it.'
    return h('p', { class: 'hint' }, isNew ? `${text} Copy the query, and put it there.` : text)
  }
  return line.ok || !isNew ? undefined : h('p', { class: 'hint' }, line.why)
}

function openButton(
  open: NonNullable<LineActions['open']>,
  explain: LineActions['explain'],
  { file, line }: Importer,
  { asked, problem }: { asked: HTMLElement; problem: HTMLElement },
): HTMLElement {
  return button(
    { class: 'button' },
    async () => {
      asked.hidden = true
      problem.hidden = true
      try {
        await open(file, line)
        asked.hidden = false
        write(asked, 'Your editor was asked. If nothing opens, see the terminal.')
      } catch (error) {
        problem.hidden = false
        write(problem, explain(error))
      }
    },
    icon('edit'),
    'Open in editor',
  )
}
