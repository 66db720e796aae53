import type { InspectedImage } from '../../../inspector/contract.ts'
import { announce } from '../announce.ts'
import type { Context } from '../context.ts'
import { copyButton } from '../copy.ts'
import { button, fill, h, write } from '../dom.ts'
import { showSeconds, showText } from '../format.ts'
import { describeOthers, describeProgress, isRunning } from '../store.ts'
import type { Progress } from '../store.ts'
import { confirmPurchase } from './confirm.ts'
import { describeOffer, explainOffer, findCommand, findExcess, isForSale } from './offer.ts'
import type { Offer } from './offer.ts'

/** `soon` while a preview is made, `none` where there is nothing to buy, `gone` where its image is not there any more. */
export type Offered = Offer | 'soon' | 'none' | 'gone'

/** The only part of the page that spends. */
export interface Buy {
  readonly element: HTMLElement
  offer(offered: Offered): void
}

/**
 * @param onBought called when a result is there, with what was offered
 * @param onRefused called when the server asks for another estimate, or refuses: what is offered has to be looked at again
 */
export function createBuy(
  { store, server, live, signal }: Context,
  image: () => InspectedImage,
  onBought: (offer: Offer) => void,
  onRefused: () => void,
): Buy {
  let offered: Offered = 'soon'
  /** What was begun here and has not ended, by fingerprint. */
  const begun = new Map<string, Offer>()
  /** Told already: an event comes once, and the store says the same at every change. */
  const told = new Set<Progress>()
  const label = h('span', {})
  const buyButton = button({ class: 'button is-primary' }, () => void ask(), label)
  const note = h('p', { class: 'hint' })
  const others = h('p', { class: 'hint others-running', hidden: true })
  const phase = h('span', { class: 'phase' })
  const elapsed = h('span', { class: 'aside', 'aria-hidden': 'true' })
  const running = h(
    'div',
    { class: 'running', hidden: true },
    h('p', {}, phase, ' ', elapsed),
    h('div', { class: 'stripe' }),
  )
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const help = h('div', { class: 'command', hidden: true })

  const ask = async (): Promise<void> => {
    const offer = offered
    if (typeof offer === 'string') return
    problem.hidden = true
    const asked = image()
    const outcome = await confirmPurchase({
      store,
      image: asked,
      offer,
      signal,
      spend: async () => {
        try {
          return await server.upscale(asked.id, offer)
        } catch (error) {
          return { ok: false, problem: live.explain(error) }
        }
      },
      onRefused,
    })
    if (outcome.kind === 'overtaken') {
      problem.hidden = false
      write(problem, outcome.problem)
      buyButton.focus()
    }
    if (outcome.kind !== 'begun') return
    begun.set(outcome.fingerprint, { ...offer, fingerprint: outcome.fingerprint })
    announce('Upscaling has begun.')
    render()
    // The button is gone: whoever pressed it stays where it was.
    element.focus()
  }
  /** What the task that is spoken of makes. */
  const current = (): string =>
    typeof offered === 'string' ? image().fingerprint : offered.fingerprint
  const render = (): void => {
    for (const fingerprint of new Set([image().fingerprint, ...begun.keys()])) follow(fingerprint)
    const progress = store.progressOf(current())
    const isBusy = isRunning(progress) || (begun.has(current()) && progress === undefined)
    running.hidden = !isBusy
    if (isBusy) write(phase, progress ? describeProgress(progress) : 'Begun')
    const more = describeOthers(store.othersOf({ id: image().id, fingerprint: current() }))
    others.hidden = more === ''
    write(others, more)
    renderOffer(isBusy)
  }
  const follow = (fingerprint: string): void => {
    const progress = store.progressOf(fingerprint)
    if (!progress || told.has(progress)) return
    told.add(progress)
    const offer = begun.get(fingerprint)
    if (offer) announce(describeProgress(progress))
    const isFailed = progress.phase === 'failed'
    if (!isFailed && progress.phase !== 'done') return
    begun.delete(fingerprint)
    if (isFailed) {
      problem.hidden = false
      const isOther = fingerprint !== current() && offer !== undefined
      const of = isOther ? `?${showText(offer.query)}: ` : ''
      write(problem, of + describeProgress(progress))
      onRefused()
    } else if (offer) onBought(offer)
  }
  const renderOffer = (isBusy: boolean): void => {
    const { buying, budget } = store.inspection
    const offer = typeof offered === 'string' ? undefined : offered
    const excess = offer && buying.allowed ? findExcess(offer, budget) : undefined
    const isOut = offered === 'gone' || (offer !== undefined && !isForSale(offer))
    buyButton.hidden = !buying.allowed || isBusy || isOut
    buyButton.disabled = !offer || excess !== undefined || store.connection === 'gone'
    write(label, offer ? describeOffer(offer) : 'Upscale this one')
    note.hidden = isBusy || offered === 'none' || offered === 'gone'
    write(note, excess ?? explainOffer(offer, buying))
    const command = isBusy || !offer ? undefined : findCommand(offer)
    if (command === help.dataset['command']) return
    help.hidden = command === undefined
    if (command === undefined) delete help.dataset['command']
    else help.dataset['command'] = command
    fill(help, command !== undefined && renderCommand(command))
  }
  const tick = (): void => {
    const since = store.progressOf(current())?.since
    write(elapsed, since === undefined ? '' : showSeconds(Math.max(0, Date.now() - since) / 1000))
  }
  const timer = setInterval(tick, 1000)
  signal.addEventListener('abort', () => clearInterval(timer))
  const first = store.progressOf(image().fingerprint)
  if (first && !isRunning(first)) told.add(first)
  store.onChange(render, signal)
  const element = h(
    'div',
    { class: 'buy', tabindex: -1 },
    buyButton,
    running,
    others,
    problem,
    note,
    help,
  )
  return {
    element,
    offer: (next) => {
      offered = next
      render()
    },
  }
}

function renderCommand(command: string): HTMLElement {
  return h(
    'div',
    {},
    h('code', { class: 'query', tabindex: 0, 'aria-label': 'Command' }, command),
    copyButton('Copy command', () => command),
  )
}
