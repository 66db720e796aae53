import type { InspectedState, Inspection } from '../../../inspector/contract.ts'
import { button, fill, h, on, setAttribute } from '../dom.ts'
import { icon } from '../icons.ts'
import { stateNames, states } from '../states.ts'
import { orders } from './arrange.ts'
import type { Arrangement, Order } from './arrange.ts'
import type { Keeper } from '../keeper.ts'

/** The controls above the gallery. */
export interface Filters {
  readonly element: HTMLElement
  readonly arrangement: Arrangement
  update(inspection: Inspection): void
  clear(): void
}

/** @param onChange called when something else is asked for */
export function createFilters(onChange: () => void, keeper: Keeper): Filters {
  const arrangement: Arrangement = { text: '', state: 'all', order: 'name', isReversed: false }
  Object.assign(
    arrangement,
    keeper.keep('arrangement', () => arrangement),
  )
  const search = h('input', {
    type: 'search',
    id: 'search',
    value: arrangement.text,
    placeholder: 'Name, param or importer',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-keyshortcuts': '/',
  })
  on(search, 'input', () => {
    arrangement.text = search.value
    onChange()
  })
  addEventListener('keydown', (event) => {
    const isTyping =
      event.target instanceof Element && event.target.matches('input, textarea, select')
    if (event.key !== '/' || isTyping || search.closest('[hidden]')) return
    event.preventDefault()
    search.focus()
  })

  const chips = h('div', { class: 'segments' })
  const select = h(
    'select',
    { id: 'order' },
    ...Object.entries(orders).map(([value, name]) =>
      h('option', { value, selected: value === arrangement.order }, name),
    ),
  )
  on(select, 'change', () => {
    arrangement.order = select.value as Order
    onChange()
  })
  const direction = button({ class: 'button is-square', 'aria-label': 'Reverse the order' }, () => {
    arrangement.isReversed = !arrangement.isReversed
    point()
    onChange()
  })
  const point = (): void => {
    setAttribute(direction, 'aria-pressed', String(arrangement.isReversed))
    fill(direction, icon(arrangement.isReversed ? 'up' : 'down'))
  }
  point()

  const choose = (state: InspectedState | 'all'): void => {
    arrangement.state = state
    onChange()
  }
  let shown = ''
  const update = ({ images }: Inspection): void => {
    // Of cards, which is what is filtered: several may be bought at once.
    const numberOf = (state: InspectedState): number =>
      images.filter((image) => image.state === state).length
    const present = stateNames.filter((state) => numberOf(state) > 0 || state === arrangement.state)
    const options: [InspectedState | 'all', string, number][] = [
      ['all', 'All', images.length],
      ...present.map((state): [InspectedState, string, number] => [
        state,
        states[state].name,
        numberOf(state),
      ]),
    ]
    // Made anew, they would lose the focus.
    const next = JSON.stringify([options, arrangement.state])
    if (next === shown) return
    shown = next
    const focused = chips.querySelector<HTMLInputElement>('input:focus')?.value
    fill(
      chips,
      ...options.map(([value, name, number]) =>
        radio('state', value, value === arrangement.state, () => choose(value), [
          value === 'all' ? undefined : icon(states[value].icon),
          name,
          h('span', { class: 'number' }, String(number)),
        ]),
      ),
    )
    if (focused) chips.querySelector<HTMLInputElement>(`input[value=${focused}]`)?.focus()
  }
  const element = h(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Images' },
    h(
      'div',
      { class: 'search' },
      icon('search'),
      h('label', { class: 'offscreen', for: 'search' }, 'Search'),
      search,
      h('kbd', { 'aria-hidden': 'true' }, '/'),
    ),
    h('fieldset', { class: 'plain' }, h('legend', { class: 'offscreen' }, 'State'), chips),
    h('div', { class: 'sort' }, h('label', { for: 'order' }, 'Sort by'), select, direction),
  )
  on(element, 'submit', (event) => event.preventDefault())
  return {
    element,
    arrangement,
    update,
    clear: () => {
      search.value = ''
      arrangement.text = ''
      choose('all')
      search.focus()
    },
  }
}

/** One choice of several that stand side by side. */
export function radio(
  name: string,
  value: string,
  isChecked: boolean,
  onChoose: () => void,
  label: (Node | string | undefined)[],
): HTMLElement {
  const input = h('input', { type: 'radio', name, value, checked: isChecked, class: 'offscreen' })
  on(input, 'change', onChoose)
  return h('label', { class: 'segment', 'data-state': value }, input, ...label)
}
