import type { InspectedState } from '../../inspector/contract.ts'
import { h } from './dom.ts'
import { icon } from './icons.ts'
import type { IconName } from './icons.ts'

interface State {
  name: string
  icon: IconName
  /** What it means for who looks at it. */
  about: string
}

/** Every state in the order in which they matter to a reader. */
export const states: Readonly<Record<InspectedState, State>> = {
  failed: { name: 'Failed', icon: 'cross', about: 'The service refused it, or gave up.' },
  invalid: { name: 'Invalid', icon: 'warning', about: 'This reference cannot be built.' },
  ambiguous: {
    name: 'Ambiguous',
    icon: 'question',
    about: 'It may have been paid for already: nobody knows.',
  },
  pending: {
    name: 'Pending',
    icon: 'clock',
    about: 'A task was sent. The next build fetches what it made, and pays nothing.',
  },
  missing: { name: 'Missing', icon: 'circle', about: 'A build would buy it.' },
  cached: { name: 'Cached', icon: 'check', about: 'It is paid for, and in the cache.' },
}

/** The same, as a list. */
export const stateNames: readonly InspectedState[] = Object.keys(states) as InspectedState[]

/** A state as it is shown everywhere: by its shape, its word and its colour. */
export function stateChip(state: InspectedState): HTMLElement {
  const { name, about } = states[state]
  return h(
    'span',
    { class: 'chip', 'data-state': state, title: about },
    icon(states[state].icon),
    name,
  )
}
