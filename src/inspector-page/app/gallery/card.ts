import type { InspectedImage } from '../../../inspector/contract.ts'
import { fill, h, on, write } from '../dom.ts'
import { count, filePath, foreign, showBytes, showEstimate, showSize, showText } from '../format.ts'
import { linkTo } from '../routes.ts'
import { stateChip } from '../states.ts'
import { describeOthers, describeProgress, isRunning } from '../store.ts'
import type { Progress } from '../store.ts'
import { describeShared, gainOf, isFirstOfPurchase, outputOf } from './arrange.ts'
import type { Purchases } from './arrange.ts'
import type { Thumbnails } from './thumbnails.ts'

/** One image of the gallery. */
export interface Card {
  readonly element: HTMLElement
  readonly link: HTMLAnchorElement
  /** @param others what is being made of it by other queries */
  update(
    image: InspectedImage,
    progress: Progress | undefined,
    others: readonly Progress[],
    purchases: Purchases,
  ): void
}

/**
 * Makes a card; it is empty before its first update.
 *
 * @param explain says why a picture cannot be loaded
 */
export function createCard(
  id: string,
  thumbnails: Thumbnails,
  explain: (url: string) => Promise<string>,
): Card {
  const picture = h('img', { alt: '', decoding: 'async', width: 320, height: 200 })
  const broken = h('p', { class: 'card-broken', hidden: true })
  const cover = h('div', { class: 'card-cover' }, picture, broken)
  on(picture, 'error', async () => {
    const url = picture.getAttribute('src') ?? ''
    broken.hidden = false
    write(broken, 'No preview')
    const why = await explain(url)
    if (picture.getAttribute('src') === url) write(broken, `No preview. ${showText(why)}`)
  })
  on(picture, 'load', () => {
    broken.hidden = true
  })
  const link = h('a', { class: 'card-link', href: linkTo({ view: 'detail', id }) })
  const chip = h('span', { class: 'card-state' })
  const facts = h('dl', { class: 'card-facts' })
  const params = h('ul', { class: 'params', 'aria-label': 'Params' })
  const note = h('p', { class: 'card-note' })
  const running = h('p', { class: 'card-progress', hidden: true })
  const element = h(
    'li',
    { class: 'card' },
    cover,
    h(
      'div',
      { class: 'card-body' },
      h('div', { class: 'card-head' }, h('h3', {}, link), chip),
      facts,
      params,
      note,
      running,
    ),
  )
  let shown: InspectedImage | undefined
  return {
    element,
    link,
    update: (image, progress, others, purchases) => {
      const text = isRunning(progress) ? describeProgress(progress) : describeOthers(others)
      running.hidden = text === ''
      write(running, text)
      if (shown === image) return
      shown = image
      thumbnails.show(picture, image.pictures.thumbnail)
      fill(link, filePath(image.file))
      fill(chip, stateChip(image.state))
      fill(facts, ...listFacts(image, isFirstOfPurchase(image, purchases)))
      fill(params, ...listParams(image))
      const notes = [showText(image.reason), describeShared(image, purchases)]
      write(note, notes.filter(Boolean).join(' '))
      note.title = note.textContent
    },
  }
}

/** Three lines, whose terms are told to those who do not see how they stand together. */
function listFacts(image: InspectedImage, isPayer: boolean): (Node | undefined)[] {
  const output = outputOf(image)
  const { source, result } = image
  const gain = gainOf(image)
  const [importer] = image.importers
  const others = image.importers.length - 1
  return [
    fact(
      'Pixels',
      [source ? showSize(source) : 'unknown', ...become(output && showSize(output))],
      gain > 0 && h('span', { class: 'aside', title: 'as many pixels' }, showGain(gain)),
    ),
    fact(
      'Bytes',
      [source ? showBytes(source.bytes) : 'unknown', ...become(result && showBytes(result.bytes))],
      isPayer &&
        image.estimate > 0 &&
        h('span', { class: 'price' }, hidden('Estimate '), showEstimate(image.estimate)),
    ),
    importer &&
      fact(
        'Used in',
        [foreign(`${importer.file}:${importer.line}`)],
        others > 0 &&
          h('span', { class: 'aside' }, `+${others}`, hidden(` ${count(others, 'other')}`)),
      ),
  ]
}

function fact(name: string, value: (Node | string)[], end: Node | false): HTMLElement {
  return h(
    'div',
    {},
    h('dt', { class: 'offscreen' }, name),
    h('dd', {}, h('span', { class: 'fact' }, ...value), end),
  )
}

function become(value: string | undefined): Node[] {
  return value === undefined
    ? []
    : [h('span', { class: 'arrow' }, hidden(' become ')), h('b', {}, value)]
}

function hidden(text: string): HTMLElement {
  return h('span', { class: 'offscreen' }, text)
}

/** `×16`, of the pixels. */
export function showGain(gain: number): string {
  return `×${gain < 9.95 ? Number(gain.toFixed(1)) : Math.round(gain)}`
}

/** What was asked for beyond the defaults, one by one. */
export function listParams(image: Pick<InspectedImage, 'params' | 'directives'>): HTMLElement[] {
  const directives = image.directives.split(' ').filter(Boolean)
  return [
    ...Object.entries(image.params).map(([name, value]) =>
      h(
        'li',
        {},
        h('span', { class: 'param-name' }, showText(name.replace('scale_factor', 'magnific'))),
        ' ',
        foreign(String(value)),
      ),
    ),
    ...directives.map((directive) => h('li', { class: 'is-free' }, foreign(directive))),
  ]
}
