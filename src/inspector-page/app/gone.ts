import type { InspectedImage, Inspection } from '../../inspector/contract.ts'
import { announce } from './announce.ts'
import { h } from './dom.ts'
import { showText } from './format.ts'
import { linkTo } from './routes.ts'
import type { Route } from './routes.ts'

/** What was tried out, bought or picked: a source may ask for it next. */
export type Asked = Pick<InspectedImage, 'query' | 'fingerprint'>

/**
 * Goes on where the source line has got what was asked for here.
 *
 * @param asked the last of it last
 * @returns whether it does
 */
export function followSource(
  { images }: Inspection,
  file: string,
  asked: readonly Asked[],
  view: Exclude<Route['view'], 'gallery'>,
): boolean {
  const own = images.filter((image) => image.file === file)
  const latest = asked.toReversed()
  // What is invalid has no fingerprint, and is found by its query alone.
  const bought = own.filter(({ fingerprint }) => fingerprint !== '')
  const [found] = [
    ...latest.flatMap(({ query }) => own.filter((image) => image.query === query)),
    ...latest.flatMap((each) => bought.filter((image) => image.fingerprint === each.fingerprint)),
  ]
  if (!found) return false
  location.replace(linkTo({ view, id: found.id }))
  announce('The source asks for it now.')
  return true
}

/** That an image is not there any more, in words. */
export const goneText = 'The project refers to it no longer, or by another query.'

/** Leads to what the project makes of the same file. */
export function renderOthers({ images }: Inspection, file: string | undefined): Node | false {
  const others = images.filter((image) => image.file === file)
  if (others.length === 0) return false
  return h(
    'div',
    { class: 'others' },
    h('p', {}, 'What it asks for of the same file:'),
    h(
      'ul',
      {},
      ...others.map(({ id, query }) =>
        h('li', {}, h('a', { href: linkTo({ view: 'detail', id }) }, `?${showText(query)}`)),
      ),
    ),
  )
}
