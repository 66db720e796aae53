import type { HtmlTagDescriptor, Plugin } from 'vite'

/** What the server tells pages: that the images at these paths have changed. */
export interface UpdatePayload {
  /** URL paths, decoded, base included. */
  paths: string[]
  /** ms since 1970; makes URLs new. */
  timestamp: number
}

/** The event of `import.meta.hot` that carries it; part of what users may listen to. */
export const updateEvent = 'magnific:update'

/** What a page says when it listens: it may have missed something since it began to load. */
export interface ListeningPayload {
  /** ms since 1970 */
  since: number
}

/** The event that carries it. */
export const listeningEvent = 'magnific:listening'

const clientId = 'virtual:unplugin-magnific/client'

/** Serves the script that pages load in a dev server. */
export function createClientPlugin(): Plugin {
  return {
    name: 'unplugin-magnific:client',
    apply: 'serve',
    resolveId: (id) => (id === clientId ? `\0${clientId}` : null),
    load: (id) => (id === `\0${clientId}` ? script : null),
  }
}

/** The script, as a tag in a page. Vite puts the base before its URL; later scripts do not wait for it. */
export const clientTag: HtmlTagDescriptor = {
  tag: 'script',
  attrs: { type: 'module', async: true, src: `/@id/__x00__${clientId}` },
  injectTo: 'head',
}

/** Loads the script in pages that are not Vite's own: it goes with the images that modules import, workers left out. */
export const clientImport: string = `if (typeof document !== 'undefined') import(${JSON.stringify(clientId)});`

/** Puts new URLs in place of old ones wherever a page shows an image, so that nothing has to be loaded anew. */
const script: string = `
const attributes = ['src', 'srcset', 'href', 'xlink:href', 'poster', 'data', 'imagesrcset', 'style', 'content']
const selector = attributes.map((name) => '[' + name.replace(':', '\\\\:') + ']').join()
const newest = new Map()

function swap({ paths, timestamp }) {
  for (const path of paths) newest.set(path, timestamp)
  const renewed = new Set()
  const renew = (url) => {
    try {
      const { pathname, search } = new URL(url, document.baseURI)
      const path = decodeURIComponent(pathname)
      // What was told later may be loaded sooner.
      if (!paths.includes(path) || !search || newest.get(path) !== timestamp) return url
    } catch {
      return url
    }
    const [path, query] = url.split('?')
    const kept = query.split('&').filter((part) => !/^t=\\d+$/.test(part))
    const fresh = path + '?' + [...kept, 't=' + timestamp].join('&')
    renewed.add(fresh)
    return fresh
  }
  const renewStyle = (text) =>
    text.replace(/url\\(\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'((?:[^'\\\\]|\\\\.)*)'|([^)]*?))\\s*\\)/g, (whole, double, single, bare) => {
      const url = double ?? single ?? bare
      const fresh = renew(url)
      return fresh === url ? whole : 'url("' + fresh.replaceAll('"', '%22') + '")'
    })
  const renewList = (text) => text.replace(/[^\\s,]\\S*[^\\s,]/g, renew)
  const renewAttribute = (name, value) =>
    name === 'style' ? renewStyle(value) : name.endsWith('srcset') ? renewList(value) : renew(value.trim())

  const changes = []
  const visitRules = (rules) => {
    for (const rule of rules) {
      if (rule.styleSheet) visitSheet(rule.styleSheet)
      if (rule.cssRules) visitRules(rule.cssRules)
      const { style } = rule
      for (const name of style ? [...style] : []) {
        const value = style.getPropertyValue(name)
        const fresh = value.includes('url(') ? renewStyle(value) : value
        if (fresh !== value) changes.push(() => style.setProperty(name, fresh, style.getPropertyPriority(name)))
      }
    }
  }
  const visitSheet = (sheet) => {
    try {
      visitRules(sheet.cssRules)
    } catch {
      // Of another origin.
    }
  }
  const visitRoot = (root) => {
    for (const sheet of [...root.styleSheets, ...(root.adoptedStyleSheets ?? [])]) visitSheet(sheet)
    for (const element of root.querySelectorAll(selector)) {
      for (const name of attributes) {
        const value = element.getAttribute(name)
        const fresh = value && renewAttribute(name, value)
        if (fresh && fresh !== value) changes.push(() => element.setAttribute(name, fresh))
      }
    }
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot) visitRoot(element.shadowRoot)
    }
  }
  visitRoot(document)
  // Loaded first, so that nothing flickers.
  const loads = [...renewed].map((url) => {
    const image = new Image()
    image.src = url
    return image.decode().catch(() => {})
  })
  Promise.all(loads).then(() => {
    // The page may show something else by now.
    changes.length = 0
    visitRoot(document)
    for (const change of changes) change()
  })
}

import.meta.hot?.on('${updateEvent}', swap)
import.meta.hot?.send('${listeningEvent}', { since: performance.timeOrigin })
`
