import type { InspectedImage, Inspection } from '../../../inspector/contract.ts'
import { button, createId, h, on, term, write } from '../dom.ts'
import { count, filePath, showEstimate, showSize, showText } from '../format.ts'
import type { Purchase } from '../server.ts'
import type { Offer } from './offer.ts'

interface Confirmation {
  inspection: Inspection
  image: InspectedImage
  offer: Offer
  signal: AbortSignal
  /** Called once for each press of the button that spends. */
  spend(): Promise<Purchase>
  onRefused(): void
}

/**
 * Asks once more, with the estimate that is sent along.
 *
 * @returns the fingerprint of what was begun; `undefined` where it was not
 */
export async function confirmPurchase(confirmation: Confirmation): Promise<string | undefined> {
  const { inspection, image, offer, signal, spend, onRefused } = confirmation
  const price = showEstimate(offer.estimate)
  const title = createId('title')
  const about = createId('about')
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const cancel = button({ class: 'button', autofocus: true }, () => dialog.close(), 'Cancel')
  const confirm = button({ class: 'button is-primary' }, () => void send(), `Spend ${price}`)
  const dialog = h(
    'dialog',
    { 'aria-labelledby': title, 'aria-describedby': about },
    h('h2', { id: title }, `Upscale for ${price}?`),
    h(
      'div',
      { id: about },
      describePurchase(image, offer.query),
      renderTerms(inspection, image, offer),
    ),
    problem,
    h('div', { class: 'dialog-actions' }, cancel, confirm),
  )
  let fingerprint: string | undefined
  const send = async (): Promise<void> => {
    confirm.disabled = true
    cancel.disabled = true
    write(confirm, 'Sending…')
    const answer = await spend()
    cancel.disabled = false
    if (answer.ok) {
      fingerprint = answer.fingerprint
      dialog.close()
      return
    }
    // What is offered may have changed: to spend another sum, one has to ask anew.
    write(confirm, `Spend ${price}`)
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
  document.body.append(dialog)
  dialog.showModal()
  signal.addEventListener('abort', () => dialog.close())
  await new Promise((resolve) => {
    dialog.addEventListener('close', resolve, { once: true })
  })
  dialog.remove()
  return fingerprint
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
      term('Estimate', showEstimate(offer.estimate)),
      term('Service', isEmulator ? 'the emulator' : showText(service || baseUrl)),
      limits.length > 0 && term('Left of the budget', limits.join(' and ')),
    ),
    h(
      'p',
      { class: 'hint' },
      isEmulator
        ? 'The emulator charges nothing: the sum is what the service would be expected to take.'
        : 'It is an estimate: the service publishes no prices. What it really takes is on its invoice.',
    ),
  )
}

function describePurchase({ file }: InspectedImage, query: string): HTMLElement {
  return h(
    'p',
    { class: 'purchase' },
    filePath(file),
    h('code', { class: 'query' }, `?${showText(query)}`),
  )
}
