import type { InspectedImage } from '../../../inspector/contract.ts'
import { h } from '../dom.ts'
import { icon } from '../icons.ts'
import { linkTo } from '../routes.ts'

/** The images before and after this one, as the gallery has them. */
export interface Neighbours {
  previous: string | undefined
  next: string | undefined
}

/**
 * The links above an image.
 *
 * @param head what it is
 * @param count how many results there are to compare
 */
export function renderNavigation(
  head: HTMLElement,
  count: HTMLElement,
  { id }: Pick<InspectedImage, 'id'>,
  { previous, next }: Neighbours,
): HTMLElement {
  const step = (label: string, to: string | undefined, shape: 'back' | 'next'): HTMLElement =>
    to === undefined
      ? h(
          'span',
          { class: 'button is-square', 'aria-hidden': 'true', 'data-off': true },
          icon(shape),
        )
      : h(
          'a',
          {
            class: 'button is-square',
            href: linkTo({ view: 'detail', id: to }),
            'aria-label': label,
            title: label,
          },
          icon(shape),
        )
  return h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Image' },
    h('a', { class: 'button', href: linkTo({ view: 'gallery' }) }, icon('back'), 'All images'),
    head,
    h(
      'span',
      { class: 'crumbs-end' },
      h(
        'a',
        { class: 'button', href: linkTo({ view: 'compare', id }) },
        icon('columns'),
        h('span', {}, 'Compare', h('span', { class: 'wide' }, ' results'), count),
      ),
      step('Previous image', previous, 'back'),
      step('Next image', next, 'next'),
    ),
  )
}
