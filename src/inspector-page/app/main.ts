import './styles/base.css'
import './styles/controls.css'
import './styles/gallery.css'
import './styles/viewer.css'
import './styles/detail.css'
import { mountAnnouncements } from './announce.ts'
import { createCompare } from './compare/compare.ts'
import { createDetail } from './detail/detail.ts'
import { button, fill, h, write } from './dom.ts'
import { showText } from './format.ts'
import { createGallery } from './gallery/gallery.ts'
import { goneText, renderOthers } from './gone.ts'
import { createHeader } from './header.ts'
import { createKeeper } from './keeper.ts'
import { followServer } from './live.ts'
import { createReportServer, readReport } from './report.ts'
import { linkTo, readRoute } from './routes.ts'
import type { Route } from './routes.ts'
import { createServer } from './server.ts'
import type { Server } from './server.ts'
import { createStore } from './store.ts'

const app = document.querySelector('#app') ?? document.body

/** Reads what there is to show, and says so where that fails. */
async function start(): Promise<void> {
  mountAnnouncements(document.body)
  const report = readReport()
  const server = report ? createReportServer(report) : createServer()
  fill(app, h('p', { class: 'loading', role: 'status' }, 'Reading the project…'))
  try {
    show(server, await server.inspection(), report !== undefined)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    fill(
      app,
      h(
        'main',
        { class: 'empty' },
        h('h1', {}, 'The inspector has nothing to show'),
        h('p', { role: 'alert' }, showText(problem)),
        button({ class: 'button' }, () => location.reload(), 'Try again'),
      ),
    )
  }
}

function show(
  server: Server,
  inspection: Awaited<ReturnType<Server['inspection']>>,
  isReport: boolean,
): void {
  const store = createStore(inspection, isReport ? 'still' : 'live')
  const live = isReport
    ? { refresh: async () => {}, explain: (error: unknown) => (error as Error).message }
    : followServer(store, server)
  const keeper = createKeeper()
  const gallery = createGallery(store, server, keeper)
  const place = h('div', { class: 'place' })
  const footer = h('footer', {})
  write(footer, `unplugin-magnific ${inspection.version} · prices are estimates`)
  fill(app, createHeader(store), gallery.element, place, footer)

  let scrolled = 0
  let last: Route = { view: 'gallery' }
  let leave = new AbortController()
  const go = (isFirst: boolean): void => {
    const route = readRoute()
    if (last.view === 'gallery') scrolled = scrollY
    leave.abort()
    leave = new AbortController()
    const isGallery = route.view === 'gallery'
    gallery.element.hidden = !isGallery
    document.body.dataset['view'] = route.view
    const context = { store, server, live, keeper, signal: leave.signal }
    fill(place, !isGallery && renderView(context, route))
    document.title = titleOf(route)
    if (isGallery) {
      scrollTo(0, scrolled)
      if (last.view !== 'gallery') gallery.focus(last.id)
    } else {
      scrollTo(0, 0)
      if (!isFirst) place.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true })
    }
    last = route
  }
  const renderView = (context: Parameters<typeof createDetail>[0], route: Route): HTMLElement => {
    const image = route.view === 'gallery' ? undefined : store.find(route.id)
    if (!image) {
      return h(
        'main',
        { class: 'empty' },
        h('h2', { tabindex: -1 }, 'This image is not there any more'),
        h('p', {}, goneText),
        route.view !== 'gallery' && renderOthers(store.inspection, store.fileOf(route.id)),
        h('a', { class: 'button', href: linkTo({ view: 'gallery' }) }, 'All images'),
      )
    }
    if (route.view === 'compare') return createCompare(context, image)
    const at = gallery.order.indexOf(image.id)
    const next = at === -1 ? undefined : gallery.order[at + 1]
    return createDetail(context, image, { previous: gallery.order[at - 1], next })
  }
  const titleOf = (route: Route): string => {
    const file = route.view === 'gallery' ? undefined : store.find(route.id)?.file
    const name = `${showText(inspection.project)} · Magnific`
    return file === undefined
      ? name
      : `${showText(file.slice(file.lastIndexOf('/') + 1))} · ${name}`
  }
  addEventListener('hashchange', () => go(false))
  go(true)
}

await start()
