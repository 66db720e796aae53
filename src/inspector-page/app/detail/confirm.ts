import type { InspectedImage, Inspection, Purchase } from '../../../inspector/contract.ts'
import { button, createId, h, on, term, write } from '../dom.ts'
import { count, filePath, showEstimate, showSize, showText } from '../format.ts'
import type { Store } from '../store.ts'
import type { Offer } from './offer.ts'

interface Confirmation {
  store: Store
  image: InspectedImage
  offer: Offer
  signal: AbortSignal
  /** Called once for each press of the button that spends. */
  spend(): Promise<Purchase>
  onRefused(): void
}

/** How it ended: `overtaken` where the image changed while it was asked about. */
type Outcome =
  | { kind: 'begun'; fingerprint: string }
  | { kind: 'called off' }
  | { kind: 'overtaken'; problem: string }

/** Asks once more, with the estimate that is sent along. */
export async function confirmPurchase(confirmation: Confirmation): Promise<Outcome> {
  const { store, image, offer, signal, spend, onRefused } = confirmation
  const price = showEstimate(offer.estimate)
  const title = createId('title')
  const about = createId('about')
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const cancel = button({ class: 'button', autofocus: true }, () => dialog.close(), 'Cancel')
  const isPaid = offer.state === 'pending'
  const action = isPaid ? 'Fetch' : `Spend ${price}`
  const confirm = button({ class: 'button is-primary' }, () => void send(), action)
  const dialog = h(
    'dialog',
    { 'aria-labelledby': title, 'aria-describedby': about },
    h('h2', { id: title }, isPaid ? 'Fetch the result?' : `Upscale for ${price}?`),
    h(
      'div',
      { id: about },
      describePurchase(image, offer.query),
      renderTerms(store.inspection, image, offer),
    ),
    problem,
    h('div', { class: 'dialog-actions' }, cancel, confirm),
  )
  let outcome: Outcome = { kind: 'called off' }
  let isSending = false
  const send = async (): Promise<void> => {
    isSending = true
    confirm.disabled = true
    cancel.disabled = true
    write(confirm, 'Sending…')
    const answer = await spend()
    cancel.disabled = false
    if (answer.ok) {
      outcome = { kind: 'begun', fingerprint: answer.fingerprint }
      dialog.close()
      return
    }
    // What is offered may have changed: to spend another sum, one has to ask anew.
    write(confirm, action)
    confirm.hidden = true
    write(cancel, 'Close')
    problem.hidden = false
    write(problem, showText(answer.problem))
    cancel.focus()
    onRefused()
  }
  // While money may be under way, its end is waited for.
  on(dialog, 'cancel', (event) => {
    if (cancel.disabled) event.preventDefault()
  })
  const stop = new AbortController()
  // What it speaks of is not there any more: nobody is to agree to it. What was sent has to be answered by the server.
  store.onChange(() => {
    if (isSending || isSame(image, store.find(image.id))) return
    outcome = {
      kind: 'overtaken',
      problem: 'The image changed meanwhile. Look at it again: nothing was bought.',
    }
    dialog.close()
  }, stop.signal)
  document.body.append(dialog)
  dialog.showModal()
  signal.addEventListener('abort', () => dialog.close())
  await new Promise((resolve) => {
    dialog.addEventListener('close', resolve, { once: true })
  })
  stop.abort()
  dialog.remove()
  return outcome
}

function isSame(before: InspectedImage, now: InspectedImage | undefined): boolean {
  return (
    now !== undefined &&
    now.fingerprint === before.fingerprint &&
    now.state === before.state &&
    now.estimate === before.estimate
  )
}

function renderTerms(inspection: Inspection, image: InspectedImage, offer: Offer): HTMLElement {
  const { service, baseUrl, budget } = inspection
  const isEmulator = service === 'local'
  const limits: string[] = []
  if (budget?.euros !== undefined) {
    limits.push(`€${Math.max(0, budget.euros - budget.usedEuros).toFixed(2)}`)
  }
  if (budget?.tasks !== undefined) {
    limits.push(count(Math.max(0, budget.tasks - budget.usedTasks), 'task'))
  }
  return h(
    'div',
    {},
    h(
      'dl',
      { class: 'facts' },
      image.source && offer.size
        ? term('Pixels', `${showSize(image.source)} → ${showSize(offer.size)}`)
        : undefined,
      offer.state !== 'pending' && term('Estimate', showEstimate(offer.estimate)),
      term('Service', isEmulator ? 'the emulator' : showText(service || baseUrl)),
      offer.state !== 'pending' &&
        limits.length > 0 &&
        term('Left of the budget', limits.join(' and ')),
    ),
    h('p', { class: 'hint' }, explainPrice(offer, isEmulator)),
  )
}

function explainPrice({ state }: Offer, isEmulator: boolean): string {
  if (state === 'pending') return 'It is paid for: the task was sent before.'
  return isEmulator
    ? 'The emulator charges nothing: the sum is what the service would be expected to take.'
    : 'It is an estimate: the service publishes no prices. What it really takes is on its invoice.'
}

function describePurchase({ file }: InspectedImage, query: string): HTMLElement {
  return h(
    'p',
    { class: 'purchase' },
    filePath(file),
    h('code', { class: 'query' }, `?${showText(query)}`),
  )
}
