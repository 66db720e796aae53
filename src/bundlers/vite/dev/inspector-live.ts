import type { ResolvedConfig } from 'vite'

/** The event of `import.meta.hot` that tells pages of the inspector what happens. */
export const inspectorEvent = 'magnific:inspector'

/** The module that the page loads, and the one that this loads. */
const liveId = 'virtual:unplugin-magnific/inspector'
const socketId = 'virtual:unplugin-magnific/inspector-socket'

/** Where Vite's socket is in middleware mode, if nothing else is said. */
const middlewarePort = 24_678

/** How the news reach the page: over Vite's own socket, or a stream of ours where there is none. */
export function renderHead({ base, server }: Pick<ResolvedConfig, 'base' | 'server'>): string {
  return hasSocket(server)
    ? `<script type="module" src="${base}@id/__x00__${liveId}"></script>`
    : '<meta name="magnific-events" content="sse" />'
}

/**
 * Vite's socket, where it is not on the server's own port: sources of a policy.
 *
 * @param host by which the page was asked for, with its port
 */
export function findSockets(
  { server }: Pick<ResolvedConfig, 'server'>,
  host: string | undefined,
): string[] {
  const hmr = typeof server.hmr === 'object' ? server.hmr : {}
  const isBeside = Boolean(server.middlewareMode) && hmr.server === undefined
  const port = hmr.clientPort ?? hmr.port ?? (isBeside ? middlewarePort : undefined)
  if (!hasSocket(server) || (port === undefined && hmr.host === undefined)) return []
  const asked = `http://${host ?? ''}`
  // Whoever names no host shows no page either.
  if (!URL.canParse(asked)) return []
  const { hostname, port: own } = new URL(asked)
  const place = `${hmr.host ?? hostname}:${port ?? own}`
  // It becomes part of a policy: a name with anything else in it would be none.
  return /^[\w.[\]:-]+$/.test(place) ? [`ws://${place}`, `wss://${place}`] : []
}

function hasSocket({ ws, hmr }: ResolvedConfig['server']): boolean {
  return ws !== false && hmr !== false
}

/**
 * The page's own script, by id. What Vite's script would do to a page of the app, it does not do to the inspector: lay an error
 * of the app over it, for which there has to be an element before it is loaded. Nor does it wait for a server that is gone in
 * a worker, which is made of a text, as the page's policy lets nobody do: where there are no workers, it waits without.
 */
const entryScript = `
globalThis.SharedWorker = undefined
customElements.define('vite-error-overlay', class extends HTMLElement {
  connectedCallback() {
    this.remove()
  }
  close() {}
})
import(${JSON.stringify(socketId)})
`

/** Hands on what comes over Vite's socket. Nor is the inspector loaded anew whenever the app is, but when the server is. */
const socketScript = `
const tell = (name, detail) => dispatchEvent(new CustomEvent(name, { detail }))

async function awaitServer() {
  for (;;) {
    await new Promise((done) => setTimeout(done, 1000))
    const isBack = await fetch('api/inspection', { method: 'HEAD' }).then(({ ok }) => ok, () => false)
    if (isBack) return location.reload()
  }
}

import.meta.hot?.on('vite:beforeFullReload', (payload) => {
  // That of another page.
  payload.path = '/another-page.html'
})
import.meta.hot?.on('${inspectorEvent}', (event) => tell('magnific-event', event))
import.meta.hot?.on('vite:ws:disconnect', () => {
  tell('magnific-connection', false)
  void awaitServer()
})
`

/** The scripts that bring the news to the page, by their ids. */
export const liveScripts: ReadonlyMap<string, string> = new Map([
  [liveId, entryScript],
  [socketId, socketScript],
])
