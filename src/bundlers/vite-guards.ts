import type { Plugin } from 'vite'
import { MagnificError } from '../core/errors.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { Upscaler } from '../upscaler.ts'
import { locateError } from './host-error.ts'
import { watchStyleReferences } from './vite-alias.ts'
import { findAssetUrls } from './vite-html.ts'

/**
 * References that Vite resolves without asking any plugin: it would ship the original, and nobody would notice. The
 * plugin refuses them, in builds and in the dev server, by errors with the code `UNSUPPORTED_REFERENCE`.
 */
export function createViteGuards(requireUpscaler: () => Upscaler): Plugin {
  const refuse = createRefuse(requireUpscaler)
  return {
    name: 'unplugin-magnific:guards',
    enforce: 'pre',
    buildStart() {
      watchStyleReferences(this.environment.config.resolve.alias, (url, importer) =>
        refuse([url], importer),
      )
    },
    transformIndexHtml: {
      order: 'pre',
      handler: async (html, { filename }) => {
        if (referenceFilter.test(html)) refuse(await findAssetUrls(html), filename)
      },
    },
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        if (!isPlainRequest(request.url ?? '', requireUpscaler())) return next()
        response.statusCode = 501
        response.setHeader('content-type', 'text/plain; charset=utf-8')
        response.end(`${explain('This kind of reference')}\n`)
      })
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        // What Vite left as it was, such as the URL of a file in `public/`, which has no module.
        // Only by name at first: Rolldown hands an asset's content over when it is looked at.
        for (const fileName of Object.keys(bundle)) {
          const output = /\.(?:css|html)$/.test(fileName) ? bundle[fileName] : undefined
          const source = output?.type === 'asset' ? output.source : ''
          if (typeof source !== 'string' || !referenceFilter.test(source)) continue
          refuse(findInStyle(source), fileName)
        }
      },
    },
  }
}

/**
 * The guard against `new URL('./hero.png?magnific', import.meta.url)`, in a plugin of its own, since worker builds need it
 * as well.
 */
export function createUrlGuard(requireUpscaler: () => Upscaler): Plugin {
  const refuse = createRefuse(requireUpscaler)
  return {
    name: 'unplugin-magnific:url-guard',
    enforce: 'pre',
    transform: {
      filter: { code: urlFilter },
      handler: async (code, id) => refuse(await findInScript(code, id), id),
    },
  }
}

type Refuse = (urls: readonly string[], file: string) => void

function createRefuse(requireUpscaler: () => Upscaler): Refuse {
  return (urls, file) => {
    for (const url of urls) {
      // Whatever is elsewhere is not part of the build.
      if (!referenceFilter.test(url) || /^(?:[a-z][\w+.-]*:|\/\/|#)/i.test(url)) continue
      const { query } = splitReference(url)
      if (isReference(query, requireUpscaler().options.passthrough)) throw refusal(url, file)
    }
  }
}

/** Code that may hold a `new URL()` with a reference: Vite tests it without handing the code over to us. */
const urlFilter = /\bnew\s+URL\s*\(\s*['"`][^'"`]*[?&][^=&#'"`]{0,8}(?:mag|ni|fic)/i
const urlCall = /\bnew\s+URL\s*\(\s*('[^']*'|"[^"]*"|`[^`]*`)\s*,\s*import\.meta\.url/dg

/** The first arguments of `new URL(…, import.meta.url)`, comments and texts left out where the language is a plain one. */
async function findInScript(code: string, id: string): Promise<string[]> {
  if (!code.includes('import.meta.url')) return []
  let stripped = code
  if (/\.[cm]?[jt]s$/.test(splitReference(id).file)) {
    // Few modules come here, and most builds have none of them.
    const { stripLiteral } = await import('strip-literal')
    stripped = stripLiteral(code)
  }
  return [...stripped.matchAll(urlCall)]
    .flatMap(({ indices }) => (indices?.[1] ? [indices[1]] : []))
    .filter(([start]) => !/^\s*(?:\/\/|\*|<!--|\{\s*\/\*)/.test(lineBefore(code, start)))
    .map(([start, end]) => code.slice(start + 1, end - 1))
}

function lineBefore(code: string, offset: number): string {
  return code.slice(code.lastIndexOf('\n', offset) + 1, offset)
}

/** What a style sheet, or a page with styles in it, refers to by `url()` and `image-set()`, comments left out. */
function findInStyle(text: string): string[] {
  const pattern = /\b(?:url|image-set)\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]+))/gi
  const rules = text.replaceAll(/\/\*.*?\*\/|<!--.*?-->/gs, '')
  return [...rules.matchAll(pattern)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
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
function isPlainRequest(url: string, { options }: Upscaler): boolean {
  if (!referenceFilter.test(url)) return false
  const { file, query } = splitReference(url)
  const isImport = query.split('&').some((part) => part.split('=', 1)[0] === 'import')
  return (
    !isImport &&
    /\.(?:png|jpe?g|jfif|pjpeg|pjp|webp|avif|gif|svg)$/i.test(file) &&
    isReference(query, options.passthrough)
  )
}
