import type { InspectedImage, Inspection } from '../../../inspector/contract.ts'
import { button, fill, h, on, write } from '../dom.ts'
import { count, filePath, showText } from '../format.ts'
import { icon } from '../icons.ts'
import type { Keeper } from '../keeper.ts'
import type { Server } from '../server.ts'
import type { Store } from '../store.ts'
import { arrange, groupByPurchase } from './arrange.ts'
import { createCard } from './card.ts'
import type { Card } from './card.ts'
import { createFilters } from './filters.ts'
import { createThumbnails } from './thumbnails.ts'

/** All images of the project. */
export interface Gallery {
  readonly element: HTMLElement
  /** The ids that are shown, in order. */
  readonly order: readonly string[]
  /** Puts the focus on an image's card. */
  focus(id: string): void
}

/** Makes the gallery: it stays as it is while another view is looked at. */
export function createGallery(
  store: Store,
  server: Pick<Server, 'explainPicture'>,
  keeper: Keeper,
): Gallery {
  const thumbnails = createThumbnails()
  const cards = new Map<string, Card>()
  let order: string[] = []
  const list = h('ul', { class: 'cards' })
  const status = h('p', { class: 'gallery-count', role: 'status' })
  const empty = h('div', { class: 'empty', hidden: true })
  const problems = h('div', {})

  const render = (): void => {
    const { inspection } = store
    filters.update(inspection)
    const shown = arrange(inspection.images, filters.arrangement)
    const purchases = groupByPurchase(inspection.images)
    for (const image of inspection.images) {
      let card = cards.get(image.id)
      if (!card)
        cards.set(image.id, (card = createCard(image.id, thumbnails, server.explainPicture)))
      const progress = store.progressOf(image.fingerprint)
      card.update(image, progress, store.othersOf(image), purchases)
    }
    const next = shown.map(({ id }) => id)
    if (next.join('\n') !== order.join('\n')) {
      order = next
      const focused = document.activeElement
      list.replaceChildren(
        ...next.map((id) => cards.get(id)?.element).filter((card) => card !== undefined),
      )
      if (focused instanceof HTMLElement && list.contains(focused)) focused.focus()
    }
    write(status, describeShown(inspection, shown))
    renderEmpty(empty, inspection, shown, () => filters.clear())
    renderProblems(problems, inspection)
  }
  const filters = createFilters(render, keeper)
  on(list, 'keydown', (event) => moveFocus(list, event))
  render()
  store.onChange(render)
  return {
    element: h(
      'main',
      { class: 'gallery', id: 'gallery' },
      filters.element,
      problems,
      status,
      empty,
      h('h2', { class: 'offscreen' }, 'Images'),
      list,
    ),
    get order() {
      return order
    },
    focus: (id) => cards.get(id)?.link.focus({ preventScroll: true }),
  }
}

function describeShown(inspection: Inspection, shown: readonly InspectedImage[]): string {
  const all = inspection.images.length
  if (all === 0) return ''
  const { outstanding, references } = inspection.totals
  const isSettled = inspection.images.every(({ state }) => state === 'cached')
  // One card is for all references that ask for the same.
  const isOneEach = all === references
  const cards = count(all, isOneEach ? 'reference' : 'card')
  const here =
    shown.length < all
      ? `${shown.length} of ${cards}`
      : isOneEach
        ? cards
        : `${cards} for ${count(references, 'reference')}`
  if (isSettled) return `${here}. All of them are in the cache: a build pays nothing.`
  return outstanding > 0 ? `${here}. A build would pay for what is missing.` : `${here}.`
}

function renderEmpty(
  empty: HTMLElement,
  { images, mode }: Inspection,
  shown: readonly InspectedImage[],
  clear: () => void,
): void {
  empty.hidden = shown.length > 0
  if (images.length === 0) {
    fill(
      empty,
      h('h2', {}, 'No image is upscaled yet'),
      h('p', {}, 'Import one with a query, and it appears here:'),
      h('pre', {}, h('code', {}, "import hero from './hero.png?magnific=2x'")),
      h(
        'p',
        {},
        mode === 'report'
          ? 'It is bought by a build.'
          : 'Looking at it costs nothing: it is bought by a build, or by you, one by one.',
      ),
    )
  } else if (shown.length === 0 && !empty.querySelector('.button')) {
    fill(
      empty,
      h('h2', {}, 'No image matches'),
      h('p', {}, 'Nothing has this text in its name, params or importers, and this state.'),
      button({ class: 'button' }, clear, 'Show all images'),
    )
  } else if (shown.length > 0) fill(empty)
}

function renderProblems(element: HTMLElement, { problems }: Inspection): void {
  const next = JSON.stringify(problems)
  if (element.dataset['shown'] === next) return
  element.dataset['shown'] = next
  if (problems.length === 0) return fill(element)
  fill(
    element,
    h(
      'details',
      { class: 'problems' },
      h('summary', {}, icon('warning'), count(problems.length, 'problem')),
      h(
        'ul',
        {},
        ...problems.map(({ file, message }) =>
          h('li', {}, file !== '' && filePath(file), h('p', {}, showText(message))),
        ),
      ),
    ),
  )
}

/** Arrows go from card to card, as they are seen. */
function moveFocus(list: HTMLElement, event: KeyboardEvent): void {
  const links = [...list.querySelectorAll<HTMLElement>('.card-link')]
  const at = links.indexOf(document.activeElement as HTMLElement)
  if (at === -1 || event.altKey || event.ctrlKey || event.metaKey) return
  const top = (link: HTMLElement | undefined): number => link?.closest('li')?.offsetTop ?? 0
  const columns = Math.max(
    1,
    links.findIndex((link) => top(link) !== top(links[0])),
  )
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -at,
    End: links.length - 1 - at,
  }
  const step = steps[event.key]
  if (step === undefined) return
  event.preventDefault()
  links[at + step]?.focus()
}
