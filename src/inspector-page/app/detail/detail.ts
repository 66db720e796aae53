import type { InspectedImage, Inspection } from '../../../inspector/contract.ts'
import type { Context } from '../context.ts'
import { copyButton } from '../copy.ts'
import { fill, h, write } from '../dom.ts'
import { filePath, showText } from '../format.ts'
import { followSource, goneText, renderOthers } from '../gone.ts'
import type { Asked } from '../gone.ts'
import { linkTo } from '../routes.ts'
import { stateChip } from '../states.ts'
import { createViewer } from '../viewer/viewer.ts'
import { createBuy } from './buy.ts'
import { renderFacts } from './facts.ts'
import { createForm } from './form.ts'
import { renderNavigation } from './navigation.ts'
import type { Neighbours } from './navigation.ts'
import type { Offer } from './offer.ts'
import { sourceLines } from './source-lines.ts'
import { createTrial } from './trial.ts'
import { choosePictures, chooseOffer, describeTried } from './tried.ts'
import type { Tried } from './tried.ts'
import { describeWish, readValues, valuesOf } from './values.ts'
import type { Values } from './values.ts'

/** One image, to be looked at closely and tried out. */
export function createDetail(
  context: Context,
  first: InspectedImage,
  neighbours: Neighbours,
): HTMLElement {
  const { store, server, live, keeper, signal } = context
  const isReport = store.inspection.mode === 'report'
  const fields = isReport ? [] : store.inspection.fields
  const values = readValues(fields, first)
  const asked: Asked[] = []
  let image = first
  let seen = store.inspection
  let isGone = false
  let shownLines = ''
  let state: Tried = { kind: 'none' }

  const viewer = createViewer(showText(first.file), signal, server.explainPicture, () => render())
  const head = h('div', { class: 'detail-title' })
  const count = h('span', {})
  const facts = h('div', {})
  const queryText = h('code', { class: 'query', tabindex: 0, 'aria-label': 'Query' })
  const trialStatus = h('p', { class: 'trial', role: 'status' })
  const news = h('p', { class: 'trial', role: 'status' })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const others = h('div', { hidden: true })
  const lines = h('div', {})
  let query: string | undefined = first.query
  const copyQuery = copyButton('Copy query', () => `?${query}`)

  const trial = createTrial(
    async (wish, abort) => server.preview(image.id, wish, abort),
    (answer) => {
      if (answer.ok) {
        form.complete(valuesOf(fields, answer.params))
        asked.push(answer)
      }
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
    if (state.kind === 'waiting' && !isGone) trial.schedule(describeWish(fields, form.values))
    render()
  }
  const countResults = async (): Promise<void> => {
    try {
      const { candidates } = await server.compare(image.id)
      write(count, candidates.length > 0 ? ` (${candidates.length})` : '')
    } catch {
      // Where they are looked at, it is said why there are none.
    }
  }
  const onBought = async (offer: Offer): Promise<void> => {
    asked.push(offer)
    void countResults()
    const isLookedAt = (): boolean => chooseOffer(image, state)?.query === offer.query
    if (isGone || (isLookedAt() && offer.query === image.query)) return
    const bought = isLookedAt() ? await findBought(offer) : undefined
    // Whoever has changed the form meanwhile goes on with that.
    if (!isLookedAt()) {
      fill(
        news,
        `The result of ?${showText(offer.query)} is here: see `,
        h('a', { href: linkTo({ view: 'compare', id: image.id }) }, 'Compare results'),
        '.',
      )
      return
    }
    if (bought) state = bought
    render()
  }
  const findBought = async (offer: Offer): Promise<Tried | undefined> => {
    try {
      const { candidates } = await server.compare(image.id)
      const found = candidates.find(({ fingerprint }) => fingerprint === offer.fingerprint)
      if (!found) return undefined
      const cached = { ...offer, estimate: 0, state: 'cached', size: found.result } as const
      return { kind: 'bought', offer: cached, after: found.after }
    } catch (error) {
      return { kind: 'answered', answer: { ok: false, problem: live.explain(error) } }
    }
  }
  const kept = keeper.keep(`form ${first.id}`, () => form.touched, signal)
  const form = createForm(fields, values, (kept ?? {}) as Values, retry)
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
    write(trialStatus, isGone ? '' : describeTried(image, state, viewer.isBroken))
    const refusal = isGone ? goneText : answer?.ok === false ? showText(answer.problem) : ''
    problem.hidden = refusal === ''
    write(problem, refusal)
    renderLines(offer?.query ?? image.query)
    buy.offer(isGone ? 'gone' : (offer ?? (state.kind === 'waiting' ? 'soon' : 'none')))
  }
  const renderLines = (wanted: string): void => {
    const next = JSON.stringify([wanted, image.query, image.importers])
    // Made anew, they would lose the focus.
    if (next === shownLines) return
    shownLines = next
    const open = store.inspection.mode === 'dev' ? server.open : undefined
    fill(lines, sourceLines(image, wanted, { open, explain: live.explain }))
  }
  const update = (): void => {
    if (store.inspection === seen) return
    seen = store.inspection
    void countResults()
    const next = store.find(image.id)
    if (!next && followSource(seen, image.file, asked, 'detail')) return
    const wasGone = isGone
    isGone = next === undefined
    if (isGone) trial.cancel()
    if (isGone || wasGone) renderGone()
    if (!next) return render()
    const isOther = next.fingerprint !== image.fingerprint || next.state !== image.state
    image = next
    renderImage()
    // What was answered spoke of another source, or of another cache.
    if ((wasGone && state.kind === 'waiting') || (isOther && state.kind === 'answered')) retry()
    else render()
  }
  const renderImage = (): void => {
    fill(head, h('h2', { tabindex: -1 }, filePath(image.file)), !isGone && stateChip(image.state))
    fill(facts, renderFacts(image, store.inspection))
  }
  const renderGone = (): void => {
    for (const part of ofImage) part.hidden = isGone
    count.closest('a')?.toggleAttribute('hidden', isGone)
    others.hidden = !isGone
    fill(others, isGone && renderOthers(store.inspection, image.file))
    renderImage()
  }

  const queryHead = h('div', { class: 'section-head' }, h('h3', {}, 'Query'), copyQuery)
  const formSection = h('section', {}, form.element)
  const linesSection = h('section', {}, h('h3', {}, 'Source lines'), lines)
  const ofImage = [queryHead, queryText, formSection, linesSection]
  renderImage()
  if (form.isChanged) retry()
  else render()
  void countResults()
  store.onChange(update, signal)

  return h(
    'main',
    { class: 'detail' },
    renderNavigation(head, count, image, neighbours),
    h('div', { class: 'detail-picture' }, viewer.element, describeShrinking(store.inspection)),
    h(
      'div',
      { class: 'panel' },
      h('section', { 'aria-label': 'Facts' }, facts),
      !isReport && formSection,
      h(
        'section',
        { class: 'outcome' },
        queryHead,
        queryText,
        trialStatus,
        problem,
        others,
        !isReport && buy.element,
        news,
      ),
      linesSection,
    ),
  )
}

/** A report has no room for every pixel. */
function describeShrinking({ pictureSide }: Inspection): HTMLElement | false {
  if (pictureSide === undefined) return false
  const text = `The pictures in this report have ${pictureSide} pixels a side at most.`
  return h('p', { class: 'hint' }, text)
}
