import type { InspectedState, Inspection } from '../../../inspector/contract.ts'
import { count, showEstimate, showText } from '../format.ts'
import { states } from '../states.ts'

/** What could be bought at this moment. */
export interface Offer {
  query: string
  /** Of the very source and params that the estimate speaks of. */
  fingerprint: string
  estimate: number
  state: InspectedState
  size: { width: number; height: number } | undefined
}

/** Whether a click gets it. */
export function isForSale({ state }: Offer): boolean {
  return state === 'missing' || state === 'pending'
}

/** What failed, or may have been paid for, is settled by its owner first. */
export function findCommand({ state, fingerprint }: Offer): string | undefined {
  const short = fingerprint.slice(0, 12)
  if (state === 'failed') return `npx magnific retry ${short}`
  if (state === 'ambiguous') return `npx magnific resolve ${short}`
  return undefined
}

/** What the button says. */
export function describeOffer({ estimate, state }: Offer): string {
  return state === 'pending' ? 'Fetch the result' : `Upscale this one · ${showEstimate(estimate)}`
}

/** Why the budget does not let it be bought; the server would say the same. */
export function findExcess(
  { state, estimate }: Offer,
  budget: Inspection['budget'],
): string | undefined {
  if (state !== 'missing' || !budget) return undefined
  const { tasks = Infinity, euros = Infinity, usedTasks, usedEuros } = budget
  const left =
    usedTasks >= tasks
      ? count(0, 'task')
      : Math.round((usedEuros + estimate) * 100) > Math.round(euros * 100)
        ? `€${Math.max(0, euros - usedEuros).toFixed(2)}`
        : undefined
  if (left === undefined) return undefined
  return `It does not fit into the budget: ${left} left. Raise the option \`budget\`, or start the server anew: each run has its budget anew.`
}

/** What is to be known before the button is pressed, or why there is none. */
export function explainOffer(offer: Offer | undefined, buying: Inspection['buying']): string {
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
