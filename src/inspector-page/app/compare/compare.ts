import type { Comparison, InspectedField, InspectedImage } from '../../../inspector/contract.ts'
import { announce } from '../announce.ts'
import type { Context } from '../context.ts'
import { copyButton } from '../copy.ts'
import { button, fill, h, on, setAttribute, write } from '../dom.ts'
import { count, filePath, showBytes, showSize, showText, showTime } from '../format.ts'
import { icon } from '../icons.ts'
import { linkTo } from '../routes.ts'
import { sourceLines } from '../detail/source-lines.ts'
import { addGestures, addZoomKeys } from '../viewer/gestures.ts'
import { createLayer } from '../viewer/layer.ts'
import { createToolbar } from '../viewer/toolbar.ts'
import { watchSize } from '../viewer/viewer.ts'
import { createView } from '../viewer/view.ts'
import type { View } from '../viewer/view.ts'
import { compareParams } from './differences.ts'

type Candidate = Comparison['candidates'][number]

/** So many pictures are shown at once to begin with. */
const fewPictures = 3

/** Several results of one image, side by side. */
export function createCompare(context: Context, image: InspectedImage): HTMLElement {
  const { server, live } = context
  const content = h(
    'div',
    { class: 'compare-content' },
    h('p', { class: 'hint', role: 'status' }, 'Reading the results…'),
  )
  const load = async (): Promise<void> => {
    try {
      const { candidates } = await server.compare(image.id)
      fill(content, ...renderComparison(context, image, candidates))
    } catch (error) {
      fill(
        content,
        h('p', { class: 'problem', role: 'alert' }, showText(live.explain(error))),
        button({ class: 'button' }, () => void load(), 'Try again'),
      )
    }
  }
  void load()
  return h(
    'main',
    { class: 'compare' },
    h(
      'nav',
      { class: 'crumbs', 'aria-label': 'Image' },
      h(
        'a',
        { class: 'button', href: linkTo({ view: 'detail', id: image.id }) },
        icon('back'),
        'This image',
      ),
      h(
        'div',
        { class: 'detail-title' },
        h('h2', { tabindex: -1 }, filePath(image.file)),
        h('span', { class: 'aside' }, 'Results'),
      ),
    ),
    content,
  )
}

function renderComparison(
  context: Context,
  image: InspectedImage,
  candidates: readonly Candidate[],
): Node[] {
  if (candidates.length === 0) {
    return [
      h(
        'div',
        { class: 'empty' },
        h('h2', {}, 'No result of this image yet'),
        h(
          'p',
          {},
          'Results appear here as soon as they are in the cache: one for each set of params that was bought.',
        ),
        h(
          'a',
          { class: 'button', href: linkTo({ view: 'detail', id: image.id }) },
          'Try params out',
        ),
      ),
    ]
  }
  const view = createView()
  const largest = candidates
    .flatMap(({ result }) => result ?? [])
    .toSorted((a, b) => b.width * b.height - a.width * a.height)[0]
  if (largest) view.setPicture(largest.width, largest.height)
  const rows = compareParams(candidates.map(({ params }) => params))
  const { fields } = context.store.inspection
  const choice = h('section', { class: 'choice', 'aria-live': 'polite' })
  const sheets = candidates.map((candidate, index) => ({
    name: `Result ${index + 1}`,
    about: candidate.isUsed ? 'used now' : '',
    isOpen: index < fewPictures,
    element: renderSheet(
      context,
      view,
      `Result ${index + 1}`,
      candidate.after,
      [
        renderParams(candidate, index, rows, fields),
        candidate.query === undefined
          ? h('p', { class: 'hint' }, candidate.problem ?? '')
          : pickButton(index, candidate, sheetsOf, () =>
              showLines(context, image, candidate, index, choice),
            ),
      ],
      candidate.isUsed,
    ),
  }))
  const source = {
    name: 'Source',
    about: '',
    isOpen: candidates.length === 1,
    element: renderSheet(context, view, 'Source', image.pictures.before, [
      image.source &&
        h('p', { class: 'hint' }, `${showSize(image.source)}, ${showBytes(image.source.bytes)}`),
    ]),
  }
  function sheetsOf(): HTMLElement[] {
    return sheets.map(({ element }) => element)
  }
  const grid = h('div', { class: 'sheets' }, source.element, ...sheetsOf())
  const toggles = [source, ...sheets].map(({ name, about, isOpen, element }) => {
    const box = h('input', { type: 'checkbox', checked: isOpen, class: 'offscreen' })
    element.hidden = !isOpen
    on(box, 'change', () => {
      element.hidden = !box.checked
    })
    return h(
      'label',
      { class: 'segment' },
      box,
      name,
      about !== '' && h('span', { class: 'number' }, about),
    )
  })
  const root = h(
    'div',
    { class: 'viewer' },
    h(
      'div',
      { class: 'compare-bar' },
      h(
        'fieldset',
        { class: 'plain' },
        h('legend', { class: 'offscreen' }, 'Shown'),
        h('div', { class: 'segments' }, ...toggles),
      ),
      createToolbar(view),
    ),
    grid,
  )
  addZoomKeys(root, view)
  return [
    h(
      'p',
      { class: 'hint' },
      `${count(candidates.length, 'result')} of this image in the cache. They move together; what differs is marked.`,
    ),
    root,
    choice,
  ]
}

function renderSheet(
  { signal }: Context,
  view: View,
  name: string,
  url: string,
  below: (Node | undefined)[],
  isUsed = false,
): HTMLElement {
  const layer = createLayer(view, 'single', name)
  const stage = h(
    'div',
    {
      class: 'stage',
      tabindex: 0,
      role: 'group',
      'aria-label': `${name}. Arrow keys move all, plus and minus zoom.`,
    },
    layer.element,
    h('span', { class: 'stage-label is-before' }, name),
  )
  addGestures(stage, view)
  watchSize(stage, signal, (width, height) => view.setStage(width, height))
  layer.show(url)
  return h(
    'section',
    { class: 'sheet', 'aria-label': name, 'data-used': isUsed },
    stage,
    ...below.filter((node) => node !== undefined),
  )
}

function renderParams(
  { result }: Candidate,
  index: number,
  rows: ReturnType<typeof compareParams>,
  fields: readonly InspectedField[],
): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    ...rows.map(({ name, values, isDifferent }) => {
      const value = values[index]
      const shown =
        value === undefined
          ? h('i', {}, describeDefault(fields, name))
          : h('bdi', {}, showText(value))
      return h(
        'div',
        { 'data-different': isDifferent },
        h('dt', {}, showText(name.replace('scale_factor', 'magnific'))),
        h(
          'dd',
          {},
          isDifferent
            ? h('mark', {}, shown, h('span', { class: 'offscreen' }, ' (differs)'))
            : shown,
        ),
      )
    }),
    result &&
      h(
        'div',
        {},
        h('dt', {}, 'Result'),
        h('dd', {}, `${showSize(result)}, ${showBytes(result.bytes)}`),
      ),
    result && h('div', {}, h('dt', {}, 'Made'), h('dd', {}, showTime(result.completedAt))),
  )
}

/** What is not said is not what the project says of it by now: results are compared by what the API was sent. */
function describeDefault(fields: readonly InspectedField[], name: string): string {
  const usual = fields.find((field) => field.name === name)?.default
  return usual === undefined || usual === '' ? "API's default" : `${String(usual)}, API's default`
}

function pickButton(
  index: number,
  { isUsed }: Candidate,
  all: () => HTMLElement[],
  onPick: () => void,
): HTMLElement {
  const element = button(
    { class: 'button pick', 'aria-pressed': 'false' },
    () => {
      for (const sheet of all()) {
        const pick = sheet.querySelector('.pick')
        if (pick) setAttribute(pick, 'aria-pressed', String(pick === element))
      }
      onPick()
    },
    icon('check'),
    `Pick result ${index + 1}`,
  )
  if (isUsed) element.append(h('span', { class: 'aside' }, ' · used now'))
  return element
}

function showLines(
  { store, server, live }: Context,
  image: InspectedImage,
  candidate: Candidate,
  index: number,
  choice: HTMLElement,
): void {
  const { mode } = store.inspection
  const { query = '' } = candidate
  const isSame = query === image.query
  const heading = h(
    'h3',
    { tabindex: -1 },
    isSame
      ? `Result ${index + 1} is what the source asks for`
      : `Write this to use result ${index + 1}`,
  )
  const text = h('code', { class: 'query', tabindex: 0, 'aria-label': 'Query' })
  write(text, `?${showText(query)}`)
  fill(
    choice,
    h(
      'div',
      { class: 'section-head' },
      heading,
      copyButton('Copy query', () => `?${query}`),
    ),
    text,
    sourceLines(image, query, {
      open: mode === 'dev' ? server.open : undefined,
      explain: live.explain,
    }),
  )
  choice.scrollIntoView({ block: 'nearest' })
  announce(heading.textContent ?? '')
}
