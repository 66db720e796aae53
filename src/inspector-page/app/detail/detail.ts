import type { InspectedImage, Inspection, Preview } from '../../../inspector/contract.ts'
import type { Context } from '../context.ts'
import { copyButton } from '../copy.ts'
import { fill, h, write } from '../dom.ts'
import { filePath, showText } from '../format.ts'
import { outputOf } from '../gallery/arrange.ts'
import { icon } from '../icons.ts'
import { linkTo } from '../routes.ts'
import { stateChip } from '../states.ts'
import { createViewer } from '../viewer/viewer.ts'
import { createBuy } from './buy.ts'
import { renderFacts } from './facts.ts'
import { createForm } from './form.ts'
import type { Offer } from './offer.ts'
import { sourceLines } from './source-lines.ts'
import { createTrial } from './trial.ts'
import { describeWish, readValues, valuesOf } from './values.ts'

/** What a trial has come to. */
type Trial =
  | { kind: 'none' }
  | { kind: 'waiting' }
  | { kind: 'answered'; answer: Preview }
  | { kind: 'bought'; offer: Offer; after: string }

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
  let state: Trial = { kind: 'none' }

  const viewer = createViewer(showText(first.file), signal)
  const head = h('div', { class: 'detail-title' })
  const facts = h('div', {})
  const queryText = h('code', { class: 'query', tabindex: 0, 'aria-label': 'Query' })
  const trialStatus = h('p', { class: 'trial', role: 'status' })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const lines = h('div', {})
  let query: string | undefined = first.query
  const copyQuery = copyButton('Copy query', () => `?${query}`)

  const trial = createTrial(
    async (wish, abort) => server.preview(image.id, wish, abort),
    (answer) => {
      if (answer.ok) form.complete(valuesOf(fields, answer.params))
      state = { kind: 'answered', answer }
      render()
    },
    live.explain,
  )
  signal.addEventListener('abort', trial.cancel)
  const retry = (): void => {
    trial.cancel()
    if (form.problem !== '')
      state = { kind: 'answered', answer: { ok: false, problem: form.problem } }
    else state = form.isChanged ? { kind: 'waiting' } : { kind: 'none' }
    if (state.kind === 'waiting') trial.schedule(describeWish(fields, form.values))
    render()
  }
  const onBought = async (offer: Offer): Promise<void> => {
    const { fingerprint } = offer
    if (offer.query === image.query) return
    try {
      const { candidates } = await server.compare(image.id)
      const bought = candidates.find((candidate) => candidate.fingerprint === fingerprint)
      if (bought) {
        const size = bought.result
        state = {
          kind: 'bought',
          offer: { ...offer, estimate: 0, state: 'cached', size },
          after: bought.after,
        }
        render()
      }
    } catch (error) {
      state = { kind: 'answered', answer: { ok: false, problem: live.explain(error) } }
      render()
    }
  }
  const form = createForm(fields, values, retry)
  const buy = createBuy(
    context,
    () => image,
    (offer) => void onBought(offer),
    retry,
  )

  const render = (): void => {
    const answer = state.kind === 'answered' ? state.answer : undefined
    const offer = chooseOffer(image, state)
    viewer.show(choosePictures(image, state))
    // While another one is made, the last one stays, as what it is.
    if (state.kind !== 'waiting') query = offer?.query
    queryText.toggleAttribute('data-stale', offer === undefined)
    write(queryText, query === undefined ? '' : `?${showText(query)}`)
    copyQuery.disabled = offer === undefined
    write(trialStatus, describeTrial(image, state))
    problem.hidden = answer?.ok !== false
    write(problem, answer?.ok === false ? showText(answer.problem) : '')
    fill(
      lines,
      sourceLines(image, offer?.query ?? image.query, {
        open: store.inspection.mode === 'dev' ? server.open : undefined,
        explain: live.explain,
      }),
    )
    buy.offer(offer)
  }
  const update = (): void => {
    const next = store.find(first.id)
    if (next === image) return
    if (!next) {
      trial.cancel()
      const gone = 'The project refers to it no longer, or by another query.'
      state = { kind: 'answered', answer: { ok: false, problem: gone } }
      render()
      return
    }
    const isOther = next.fingerprint !== image.fingerprint || next.state !== image.state
    image = next
    renderImage()
    // What was answered spoke of another source, or of another cache.
    if (isOther && state.kind === 'answered') retry()
    else render()
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
        h('div', { class: 'section-head' }, h('h3', {}, 'Query'), copyQuery),
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
    afterIs: nameAfter({ afterKind }),
    size: outputOf(image) ?? image.source,
  }
  if (state.kind === 'bought') {
    return { before, after: state.after, afterIs: 'Result', size: state.offer.size }
  }
  if (state.kind === 'answered' && state.answer.ok) {
    const { after: url, width, height } = state.answer
    return { before, after: url, afterIs: nameAfter(state.answer), size: { width, height } }
  }
  return own
}

/** What stands in for a result is never called one. */
function nameAfter({ afterKind }: Pick<InspectedImage['pictures'], 'afterKind'>): string {
  return afterKind === 'result' ? 'Result' : 'Preview, not upscaled'
}

function chooseOffer(image: InspectedImage, state: Trial): Offer | undefined {
  switch (state.kind) {
    case 'none':
      return { ...image, size: outputOf(image) }
    case 'waiting':
      return undefined
    case 'bought':
      return state.offer
    case 'answered':
      return state.answer.ok ? { ...state.answer, size: state.answer } : undefined
  }
}

function describeTrial(image: InspectedImage, state: Trial): string {
  switch (state.kind) {
    case 'none':
      return image.state === 'invalid' ? '' : describeAfter(image, image.pictures.afterKind)
    case 'waiting':
      return 'Making a preview…'
    case 'bought':
      return 'This is the new result. Put its query into the source line to use it.'
    case 'answered':
      if (!state.answer.ok) return ''
      return state.answer.afterKind === 'result'
        ? 'This result is in the cache already: using it costs nothing.'
        : describeAfter(state.answer, 'preview')
  }
}

function describeAfter(
  { state }: Pick<InspectedImage, 'state'>,
  afterKind: InspectedImage['pictures']['afterKind'],
): string {
  if (afterKind !== 'preview') return ''
  // Of a shared cache, a build fetches what it needs.
  return state === 'cached'
    ? 'It is paid for, but its picture is not here before a build fetches it: this is a local preview.'
    : 'A local preview: as large as the result, and not upscaled.'
}
