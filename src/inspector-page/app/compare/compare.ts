import type { Comparison, InspectedField, InspectedImage } from '../../../inspector/contract.ts'
import { announce } from '../announce.ts'
import type { Context } from '../context.ts'
import { copyButton } from '../copy.ts'
import { button, fill, h, on, setAttribute, write } from '../dom.ts'
import { count, filePath, showBytes, showSize, showText, showTime } from '../format.ts'
import { icon } from '../icons.ts'
import { followSource, goneText, renderOthers } from '../gone.ts'
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

/** Of a result that is here and cannot be asked for: a query cannot take back what the config says. */
const noQuery = "No query gives this result while the project's `defaults` say something else."

/** So many pictures are shown at once to begin with. */
const fewPictures = 3

/** What stays as it is when the results are read again. */
interface Session {
  view: View
  /** Whether a sheet is shown, by fingerprint; the source's by ''. */
  open: Map<string, boolean>
  /** What was picked, the last of it last. */
  picked: Candidate[]
}

/** Several results of one image, side by side. */
export function createCompare(context: Context, first: InspectedImage): HTMLElement {
  const { store, server, live, signal } = context
  const session: Session = { view: createView(), open: new Map(), picked: [] }
  let image = first
  let seen = store.inspection
  let shown = ''
  const content = h(
    'div',
    { class: 'compare-content' },
    h('p', { class: 'hint', role: 'status' }, 'Reading the results…'),
  )
  const isThere = (): boolean => store.find(image.id) !== undefined
  const load = async (): Promise<void> => {
    try {
      const { candidates } = await server.compare(image.id)
      const next = JSON.stringify([image, candidates])
      if (next === shown || !isThere()) return
      shown = next
      fill(content, ...renderComparison(context, image, candidates, session))
    } catch (error) {
      if (!isThere()) return
      shown = ''
      fill(
        content,
        h('p', { class: 'problem', role: 'alert' }, showText(live.explain(error))),
        button({ class: 'button' }, () => void load(), 'Try again'),
      )
    }
  }
  const update = (): void => {
    if (store.inspection === seen) return
    seen = store.inspection
    const next = store.find(image.id)
    if (next) {
      image = next
      void load()
      return
    }
    const picked = session.picked.map(({ query = '', fingerprint }) => ({ query, fingerprint }))
    if (followSource(seen, image.file, picked, 'compare')) return
    shown = ''
    fill(
      content,
      h('p', { class: 'problem', role: 'alert' }, goneText),
      renderOthers(seen, image.file),
    )
  }
  void load()
  store.onChange(update, signal)
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
  session: Session,
): Node[] {
  const { mode, fields } = context.store.inspection
  if (candidates.length === 0) return [renderEmpty(image, mode === 'report')]
  const { view, open } = session
  const largest = candidates
    .flatMap(({ result }) => result ?? [])
    .toSorted((a, b) => b.width * b.height - a.width * a.height)[0]
  if (largest) view.setPicture(largest.width, largest.height)
  const rows = compareParams(candidates.map(({ params }) => params))
  const choice = h('section', { class: 'choice', 'aria-live': 'polite' })
  const pick = (candidate: Candidate, index: number): void => {
    for (const [at, sheet] of sheetsOf().entries()) {
      const each = sheet.querySelector('.pick')
      if (each) setAttribute(each, 'aria-pressed', String(at === index))
    }
    showLines(context, image, candidate, index, choice)
  }
  const sheets = candidates.map((candidate, index) => ({
    key: candidate.fingerprint,
    name: `Result ${index + 1}`,
    about: candidate.isUsed ? 'used now' : '',
    isOpen: open.get(candidate.fingerprint) ?? index < fewPictures,
    element: renderSheet(
      context,
      view,
      `Result ${index + 1}`,
      candidate.after,
      [
        renderParams(candidate, index, rows, fields),
        candidate.query === undefined
          ? h('p', { class: 'hint' }, showText(candidate.problem ?? noQuery))
          : pickButton(index, candidate, () => {
              session.picked.push(candidate)
              pick(candidate, index)
              choice.scrollIntoView({ block: 'nearest' })
              announce(choice.querySelector('h3')?.textContent ?? '')
            }),
      ],
      candidate.isUsed,
    ),
  }))
  const source = {
    key: '',
    name: 'Source',
    about: '',
    isOpen: open.get('') ?? candidates.length === 1,
    element: renderSheet(context, view, 'Source', image.pictures.before, [
      image.source &&
        h('p', { class: 'hint' }, `${showSize(image.source)}, ${showBytes(image.source.bytes)}`),
    ]),
  }
  function sheetsOf(): HTMLElement[] {
    return sheets.map(({ element }) => element)
  }
  const grid = h('div', { class: 'sheets' }, source.element, ...sheetsOf())
  const toggles = [source, ...sheets].map(({ key, name, about, isOpen, element }) => {
    const box = h('input', { type: 'checkbox', checked: isOpen, class: 'offscreen' })
    element.hidden = !isOpen
    on(box, 'change', () => {
      element.hidden = !box.checked
      open.set(key, box.checked)
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
  const last = session.picked.at(-1)?.fingerprint
  const at = candidates.findIndex(({ fingerprint }) => fingerprint === last)
  const again = candidates[at]
  if (again?.query !== undefined) pick(again, at)
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

function renderEmpty(image: InspectedImage, isReport: boolean): HTMLElement {
  return h(
    'div',
    { class: 'empty' },
    h('h2', {}, 'No result of this image yet'),
    isReport
      ? h('p', {}, 'A build that buys it has a result to show.')
      : h(
          'p',
          {},
          'Results appear here as soon as they are in the cache: one for each set of params that was bought.',
        ),
    h(
      'a',
      { class: 'button', href: linkTo({ view: 'detail', id: image.id }) },
      isReport ? 'This image' : 'Try params out',
    ),
  )
}

function renderSheet(
  { signal, server }: Context,
  view: View,
  name: string,
  url: string,
  below: (Node | undefined)[],
  isUsed = false,
): HTMLElement {
  const layer = createLayer(view, 'single', name, server.explainPicture)
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
  addGestures(stage, view, { isInPage: true })
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

function pickButton(index: number, { isUsed }: Candidate, onPick: () => void): HTMLElement {
  const element = button(
    { class: 'button pick', 'aria-pressed': 'false' },
    onPick,
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
}
