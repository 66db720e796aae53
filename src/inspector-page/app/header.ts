import { fill, h, term, write } from './dom.ts'
import { count, foreign, showEstimate, showTime } from './format.ts'
import { icon } from './icons.ts'
import type { Store } from './store.ts'

/** The page's head: what project this is, what it has cost and will cost. */
export function createHeader(store: Store): HTMLElement {
  const project = h('a', { class: 'brand', href: '#/' })
  const service = h('span', { class: 'service' })
  const totals = h('dl', { class: 'totals' })
  const banner = h('div', { class: 'banner', role: 'status', hidden: true })
  const render = (): void => {
    const { inspection, connection } = store
    fill(
      project,
      h('span', { class: 'mark' }, icon('mark')),
      h('strong', {}, foreign(inspection.project)),
      h('span', { class: 'brand-kind' }, inspection.mode === 'report' ? 'report' : 'inspector'),
    )
    const isEmulator = inspection.service === 'local'
    service.className = isEmulator ? 'service badge' : 'service'
    service.title = inspection.baseUrl
    fill(service, isEmulator ? 'Emulator · nothing is charged' : foreign(inspection.service))
    const { spent, outstanding, images, references, byState } = inspection.totals
    const { budget } = inspection
    fill(
      totals,
      term(
        'Images',
        `${byState.cached} of ${images} cached`,
        h('span', { class: 'aside' }, `, for ${count(references, 'reference')}`),
      ),
      term('Spent', showEstimate(spent)),
      term('Outstanding', showEstimate(outstanding)),
      budget && term('Budget', showBudget(budget)),
      inspection.mode === 'report' && term('Made', showTime(inspection.createdAt)),
    )
    banner.hidden = connection !== 'gone'
    write(
      banner,
      connection === 'gone'
        ? 'The server is gone: what you see is not live any more. Looking for it again…'
        : '',
    )
  }
  render()
  store.onChange(render)
  return h(
    'header',
    { class: 'top' },
    h('div', { class: 'bar' }, h('h1', {}, project), service, totals),
    banner,
  )
}

function showBudget(budget: NonNullable<Store['inspection']['budget']>): string {
  const parts: string[] = []
  if (budget.euros !== undefined) {
    parts.push(`${showEstimate(budget.usedEuros)} of €${budget.euros.toFixed(2)}`)
  }
  if (budget.tasks !== undefined)
    parts.push(`${budget.usedTasks} of ${count(budget.tasks, 'task')}`)
  return parts.join(', ') || count(budget.usedTasks, 'task')
}
