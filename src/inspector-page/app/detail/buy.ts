import type { InspectedImage } from '../../../inspector/contract.ts'
import { announce } from '../announce.ts'
import type { Context } from '../context.ts'
import { copyButton } from '../copy.ts'
import { button, fill, h, write } from '../dom.ts'
import { showEstimate, showSeconds, showText } from '../format.ts'
import { states } from '../states.ts'
import { describeProgress, isRunning } from '../store.ts'
import type { Progress } from '../store.ts'
import { confirmPurchase } from './confirm.ts'
import type { Offer } from './offer.ts'

/** The only part of the page that spends. */
export interface Buy {
  readonly element: HTMLElement
  /** @param offer `undefined` while it is not known what a query would cost */
  offer(offer: Offer | undefined): void
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
  let offered: Offer | undefined
  let followed: Offer | undefined
  /** Told already: an event comes once, and the store says the same at every change. */
  const told = new Set<Progress>()
  const label = h('span', {})
  const buyButton = button({ class: 'button is-primary' }, () => void ask(), label)
  const note = h('p', { class: 'hint' })
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
    if (!offer) return
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
    followed = { ...offer, fingerprint: outcome.fingerprint }
    announce('Upscaling has begun.')
    render()
    // The button is gone: whoever pressed it stays where it was.
    element.focus()
  }
  const render = (): void => {
    const current = followed?.fingerprint ?? image().fingerprint
    const progress = store.progressOf(current)
    const isBusy = isRunning(progress) || (followed !== undefined && progress === undefined)
    running.hidden = !isBusy
    if (isBusy) write(phase, progress ? describeProgress(progress) : 'Begun')
    if (progress && !told.has(progress)) {
      told.add(progress)
      if (followed !== undefined) announce(describeProgress(progress))
      if (progress.phase === 'failed') {
        problem.hidden = false
        write(problem, describeProgress(progress))
        followed = undefined
        onRefused()
      } else if (progress.phase === 'done' && followed !== undefined) {
        const bought = followed
        followed = undefined
        onBought(bought)
      }
    }
    renderOffer(isBusy)
  }
  const renderOffer = (isBusy: boolean): void => {
    const { buying } = store.inspection
    const offer = offered
    buyButton.hidden = !buying.allowed || isBusy || (offer !== undefined && !isForSale(offer))
    buyButton.disabled = offer === undefined || store.connection === 'gone'
    write(label, offer ? describeOffer(offer) : 'Upscale this one')
    note.hidden = isBusy
    fill(note, explainOffer(offer, buying))
    const command = isBusy || !offer ? undefined : findCommand(offer)
    if (command === help.dataset['command']) return
    help.hidden = command === undefined
    if (command === undefined) delete help.dataset['command']
    else help.dataset['command'] = command
    fill(help, command !== undefined && renderCommand(command))
  }
  const tick = (): void => {
    const since = store.progressOf(followed?.fingerprint ?? image().fingerprint)?.since
    write(elapsed, since === undefined ? '' : showSeconds(Math.max(0, Date.now() - since) / 1000))
  }
  const timer = setInterval(tick, 1000)
  signal.addEventListener('abort', () => clearInterval(timer))
  const first = store.progressOf(image().fingerprint)
  if (first && !isRunning(first)) told.add(first)
  store.onChange(render, signal)
  const element = h('div', { class: 'buy', tabindex: -1 }, buyButton, running, problem, note, help)
  return {
    element,
    offer: (offer) => {
      offered = offer
      render()
    },
  }
}

function isForSale({ state }: Offer): boolean {
  return state === 'missing' || state === 'pending'
}

/** What failed, or may have been paid for, is settled by its owner first. */
function findCommand({ state, fingerprint }: Offer): string | undefined {
  const short = fingerprint.slice(0, 12)
  if (state === 'failed') return `npx magnific retry ${short}`
  if (state === 'ambiguous') return `npx magnific resolve ${short}`
  return undefined
}

function renderCommand(command: string): HTMLElement {
  return h(
    'div',
    {},
    h('code', { class: 'query', tabindex: 0, 'aria-label': 'Command' }, command),
    copyButton('Copy command', () => command),
  )
}

/** What the button says. */
export function describeOffer({ estimate, state }: Offer): string {
  if (state === 'pending') return 'Fetch the result'
  return `Upscale this one · ${showEstimate(estimate)}`
}

function explainOffer(
  offer: Offer | undefined,
  buying: { allowed: true } | { allowed: false; why: string },
): string {
  if (offer?.state === 'failed') return 'It failed. To let it be bought once more, run:'
  if (offer?.state === 'ambiguous') {
    return `${states.ambiguous.about} Look into your account, and say by --adopt <task id> or --void what it shows:`
  }
  if (offer && !isForSale(offer)) return states[offer.state].about
  if (!buying.allowed) return `Nothing can be bought here: ${showText(buying.why)}`
  if (!offer) return 'The estimate comes with the preview.'
  if (offer.state === 'pending') return states.pending.about
  return 'You are asked once more before anything is spent.'
}
