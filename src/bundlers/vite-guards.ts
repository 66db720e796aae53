import { stripLiteral } from 'strip-literal'
import type { Plugin } from 'vite'
import { MagnificError } from '../core/errors.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import { locateError } from './host-error.ts'

/**
 * References that Vite resolves without asking any plugin: it would ship the original, and nobody would notice. They
 * are refused, in builds and in the dev server.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function createViteGuards(): Plugin {
  return {
    name: 'unplugin-magnific:guards',
    enforce: 'pre',
    buildStart() {
      // Vite resolves what style sheets refer to with resolvers of its own, which know the aliases and no plugin.
      // They are made later than this; the alias plugin for imports was made earlier, and never sees the entry.
      this.environment.config.resolve.alias.unshift({
        find: referenceFilter,
        replacement: '$&',
        customResolver(url, importer) {
          refuse([url], importer ?? 'a style sheet')
          return null
        },
      })
    },
    transform: {
      filter: { code: referenceFilter },
      handler: (code, id) => refuse(findInScript(code), id),
    },
    transformIndexHtml: {
      order: 'pre',
      handler: (html, { filename }) => refuse(findInHtml(html), filename),
    },
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const { query } = splitReference(request.url ?? '')
        if (!isPlainRequest(query)) return next()
        response.statusCode = 501
        response.setHeader('content-type', 'text/plain; charset=utf-8')
        response.end(`${explain('This kind of reference')}\n`)
      })
    },
  }
}

/** The first arguments of `new URL(…, import.meta.url)`, comments left out. */
function findInScript(code: string): string[] {
  if (!code.includes('import.meta.url')) return []
  const pattern = /\bnew\s+URL\s*\(\s*('[^']*'|"[^"]*"|`[^`]*`)\s*,\s*import\.meta\.url/dg
  return [...stripLiteral(code).matchAll(pattern)].map(({ indices }) => {
    const [start, end] = indices?.[1] ?? [0, 0]
    return code.slice(start + 1, end - 1)
  })
}

/** What the attributes that Vite takes for assets refer to, comments left out. */
function findInHtml(html: string): string[] {
  const bare = html.replaceAll(/<!--.*?-->/gs, '')
  const attributes =
    /\s(?:src|srcset|imagesrcset|href|poster|style|content|data)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi
  return [...bare.matchAll(attributes)].flatMap(([, double, single, plain]) =>
    (double ?? single ?? plain ?? '').split(/[\s,()"']+/),
  )
}

function refuse(urls: readonly string[], file: string): void {
  for (const url of urls) {
    const { query } = splitReference(url.replaceAll('&amp;', '&'))
    if (!referenceFilter.test(url) || !isReference(query)) continue
    const importer = splitReference(file).file
    const error = new MagnificError('UNSUPPORTED_REFERENCE', explain(`"${url}"`), { importer })
    throw locateError(error, file, { importer, specifier: url })
  }
}

function explain(what: string): string {
  return (
    `${what} cannot be upscaled yet: of style sheets, HTML and new URL(), Vite asks no plugin, and would ship the original. ` +
    "Import the image in a module, import url from './hero.png?magnific=4x', and hand the URL on from there."
  )
}

/** Whether the dev server is asked for an image itself, and not for the module that an import made of it. */
function isPlainRequest(query: string): boolean {
  const keys = query.split('&').map((part) => part.split('=', 1)[0])
  return keys.includes('magnific') && !keys.includes('import')
}
