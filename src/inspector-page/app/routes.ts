/** What is looked at. It is in the URL's fragment, which works in a file as well. */
export type Route =
  | { view: 'gallery' }
  | { view: 'detail'; id: string }
  | { view: 'compare'; id: string }

/** The route of the address bar. */
export function readRoute(): Route {
  const [, view, id = ''] = location.hash.split('/')
  if (view === 'image') return { view: 'detail', id: decode(id) }
  if (view === 'compare') return { view: 'compare', id: decode(id) }
  return { view: 'gallery' }
}

/** The link that leads to a view. */
export function linkTo(route: Route): string {
  if (route.view === 'gallery') return '#/'
  const view = route.view === 'detail' ? 'image' : 'compare'
  return `#/${view}/${encodeURIComponent(route.id)}`
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return ''
  }
}
