import type { Plugin } from 'vite'
import { MagnificError } from '../core/errors.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { Upscaler } from '../upscaler.ts'
import { locateError } from './host-error.ts'
import { watchStyleReferences } from './vite-alias.ts'

/**
 * References that Vite resolves without asking any plugin: it would ship the original, and nobody would notice. They
 * are refused, in builds and in the dev server.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function createViteGuards(requireUpscaler: () => Upscaler): Plugin {
  const refuse = (urls: readonly string[], file: string): void => {
    for (const url of urls) {
      const { query } = splitReference(url)
      if (!referenceFilter.test(url)) continue
      if (isReference(query, requireUpscaler().options.passthrough)) throw refusal(url, file)
    }
  }
  return {
    name: 'unplugin-magnific:guards',
    enforce: 'pre',
    buildStart() {
      watchStyleReferences(this.environment.config.resolve.alias, (url, importer) =>
        refuse([url], importer),
      )
    },
    transform: {
      filter: { code: urlFilter },
      handler: async (code, id) => refuse(await findInScript(code), id),
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

/** Code that may hold a `new URL()` with a reference: Vite tests it without handing the code over to us. */
const urlFilter = /\bnew\s+URL\s*\(\s*['"`][^'"`]*[?&][^=&#'"`]{0,8}(?:mag|ni|fic)/i

/** The first arguments of `new URL(…, import.meta.url)`, comments left out. */
async function findInScript(code: string): Promise<string[]> {
  if (!code.includes('import.meta.url')) return []
  // Few modules come here, and most builds have none of them.
  const { stripLiteral } = await import('strip-literal')
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
    (double ?? single ?? plain ?? '').replaceAll('&amp;', '&').split(/[\s,()"']+/),
  )
}

function refusal(url: string, file: string): unknown {
  const importer = splitReference(file).file
  const error = new MagnificError('UNSUPPORTED_REFERENCE', explain(`"${url}"`), { importer })
  return Object.assign(locateError(error, url, importer) as object, { id: file })
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
