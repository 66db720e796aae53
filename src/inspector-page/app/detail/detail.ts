import type { InspectedImage, Inspection } from '../../../inspector/contract.ts'
import type { Context } from '../context.ts'
import { copyButton } from '../copy.ts'
import { fill, h, write } from '../dom.ts'
import { filePath, showText } from '../format.ts'
import { outputOf } from '../gallery/arrange.ts'
import { icon } from '../icons.ts'
import { linkTo } from '../routes.ts'
import type { Preview } from '../server.ts'
import { stateChip } from '../states.ts'
import { createViewer } from '../viewer/viewer.ts'
import { createBuy } from './buy.ts'
import { renderFacts } from './facts.ts'
import { createForm } from './form.ts'
import { readValues, writeQuery } from './query.ts'
import { sourceLines } from './source-lines.ts'
import { createTrial } from './trial.ts'

/** What a trial has come to. */
type Trial =
  | { kind: 'none' }
  | { kind: 'waiting' }
  | { kind: 'answered'; answer: Preview }
  | { kind: 'bought'; after: string; size: { width: number; height: number } | undefined }

/** One image, to be looked at closely and tried out. */
export function createDetail(
  context: Context,
  first: InspectedImage,
  neighbours: Neighbours,
): HTMLElement {
  const { store, server, live, signal } = context
  const isReport = store.inspection.mode === 'report'
  const fields = isReport ? [] : store.inspection.fields
  const values = readValues(fields, first)
  let image = first
  let query = first.query
  let state: Trial = { kind: 'none' }

  const viewer = createViewer(showText(first.file), signal)
  const head = h('div', { class: 'detail-title' })
  const facts = h('div', {})
  const queryText = h('code', { class: 'query', tabindex: 0, 'aria-label': 'Query' })
  const trialStatus = h('p', { class: 'trial', role: 'status' })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const lines = h('div', {})

  const trial = createTrial(
    async (wanted, abort) => server.preview(image.id, wanted, abort),
    (asked, answer) => {
      if (asked !== query) return
      state = { kind: 'answered', answer }
      render()
    },
    live.explain,
  )
  signal.addEventListener('abort', trial.cancel)
  const onInput = (): void => {
    query = writeQuery(fields, image.query, values, form.values)
    retry()
  }
  const retry = (): void => {
    trial.cancel()
    const isEdited = query !== image.query
    if (form.problem !== '')
      state = { kind: 'answered', answer: { ok: false, problem: form.problem } }
    else state = isEdited ? { kind: 'waiting' } : { kind: 'none' }
    if (state.kind === 'waiting') trial.schedule(query)
    render()
  }
  const onBought = async (fingerprint: string): Promise<void> => {
    if (query === image.query) return
    try {
      const { candidates } = await server.compare(image.id)
      const bought = candidates.find((candidate) => candidate.fingerprint === fingerprint)
      if (bought) {
        state = { kind: 'bought', after: bought.after, size: bought.result }
        render()
      }
    } catch (error) {
      state = { kind: 'answered', answer: { ok: false, problem: live.explain(error) } }
      render()
    }
  }
  const form = createForm(fields, values, onInput)
  const buy = createBuy(
    context,
    () => image,
    (fingerprint) => void onBought(fingerprint),
    retry,
  )

  const render = (): void => {
    const answer = state.kind === 'answered' ? state.answer : undefined
    viewer.show(choosePictures(image, state))
    write(queryText, `?${showText(query)}`)
    write(trialStatus, describeTrial(image, state))
    problem.hidden = answer?.ok !== false
    write(problem, answer?.ok === false ? showText(answer.problem) : '')
    fill(
      lines,
      sourceLines(image, query, {
        open: store.inspection.mode === 'dev' ? server.open : undefined,
        explain: live.explain,
      }),
    )
    buy.offer(chooseOffer(image, query, state))
  }
  const update = (): void => {
    const next = store.find(first.id)
    if (!next || next === image) return
    image = next
    renderImage()
    render()
  }
  const renderImage = (): void => {
    fill(head, h('h2', { tabindex: -1 }, filePath(image.file)), stateChip(image.state))
    fill(facts, renderFacts(image, store.inspection))
  }
  renderImage()
  render()
  store.onChange(update, signal)

  return h(
    'main',
    { class: 'detail' },
    renderNavigation(head, image, neighbours),
    h('div', { class: 'detail-picture' }, viewer.element, describeShrinking(store.inspection)),
    h(
      'div',
      { class: 'panel' },
      h('section', { 'aria-label': 'Facts' }, facts),
      !isReport && h('section', {}, form.element),
      h(
        'section',
        { class: 'outcome' },
        h(
          'div',
          { class: 'section-head' },
          h('h3', {}, 'Query'),
          copyButton('Copy query', () => `?${query}`),
        ),
        queryText,
        trialStatus,
        problem,
        !isReport && buy.element,
      ),
      h('section', {}, h('h3', {}, 'Source lines'), lines),
    ),
  )
}

/** A report has no room for every pixel. */
function describeShrinking({ pictureSide }: Inspection): HTMLElement | false {
  if (pictureSide === undefined) return false
  const text = `The pictures in this report have ${pictureSide} pixels a side at most.`
  return h('p', { class: 'hint' }, text)
}

/** The images before and after this one, as the gallery has them. */
export interface Neighbours {
  previous: string | undefined
  next: string | undefined
}

function renderNavigation(
  head: HTMLElement,
  { id }: InspectedImage,
  { previous, next }: Neighbours,
): HTMLElement {
  const step = (label: string, to: string | undefined, shape: 'back' | 'next'): HTMLElement =>
    to === undefined
      ? h(
          'span',
          { class: 'button is-square', 'aria-hidden': 'true', 'data-off': true },
          icon(shape),
        )
      : h(
          'a',
          {
            class: 'button is-square',
            href: linkTo({ view: 'detail', id: to }),
            'aria-label': label,
            title: label,
          },
          icon(shape),
        )
  return h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Image' },
    h('a', { class: 'button', href: linkTo({ view: 'gallery' }) }, icon('back'), 'All images'),
    head,
    h(
      'span',
      { class: 'crumbs-end' },
      h(
        'a',
        { class: 'button', href: linkTo({ view: 'compare', id }) },
        icon('columns'),
        h('span', {}, 'Compare', h('span', { class: 'wide' }, ' results')),
      ),
      step('Previous image', previous, 'back'),
      step('Next image', next, 'next'),
    ),
  )
}

function choosePictures(
  image: InspectedImage,
  state: Trial,
): Parameters<ReturnType<typeof createViewer>['show']>[0] {
  const { before, after, afterKind } = image.pictures
  const own = {
    before,
    after,
    afterIs: afterKind === 'result' ? 'Result' : 'Preview, not upscaled',
    size: outputOf(image) ?? image.source,
  }
  if (state.kind === 'bought') {
    return { before, after: state.after, afterIs: 'Result', size: state.size }
  }
  if (state.kind === 'answered' && state.answer.ok) {
    const { after: url, width, height, state: is } = state.answer
    const afterIs = is === 'cached' ? 'Result' : 'Preview, not upscaled'
    return { before, after: url, afterIs, size: { width, height } }
  }
  return own
}

function chooseOffer(
  image: InspectedImage,
  query: string,
  state: Trial,
): Parameters<ReturnType<typeof createBuy>['offer']>[0] {
  switch (state.kind) {
    case 'none':
      return { query, estimate: image.estimate, state: image.state, size: outputOf(image) }
    case 'waiting':
      return undefined
    case 'bought':
      return { query, estimate: 0, state: 'cached', size: state.size }
    case 'answered':
      return state.answer.ok ? { ...state.answer, query, size: state.answer } : undefined
  }
}

function describeTrial(image: InspectedImage, state: Trial): string {
  switch (state.kind) {
    case 'none':
      return image.pictures.afterKind === 'preview' && image.state !== 'invalid'
        ? 'What you see on the right is a local preview: as large as the result, and not upscaled.'
        : ''
    case 'waiting':
      return 'Making a preview…'
    case 'bought':
      return 'This is the new result. Put its query into the source line to use it.'
    case 'answered':
      if (!state.answer.ok) return ''
      return state.answer.state === 'cached'
        ? 'This result is in the cache already: using it costs nothing.'
        : 'A local preview: as large as the result, and not upscaled.'
  }
}
