import type { Plugin, ResolvedConfig, Rolldown } from 'vite'
import { MagnificError } from '../core/errors.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { Upscaler } from '../upscaler.ts'
import { checkImports } from './external.ts'
import { locateError } from './host-error.ts'
import { createEmittedTest, findScriptUrls, findStyleUrls } from './output-scan.ts'
import { watchStyleReferences } from './vite-alias.ts'
import { findAssetUrls } from './vite-html.ts'
import type { AssetSources } from './vite-html.ts'
import { hasForeignHook, isPublicFile } from './vite-project.ts'

/**
 * References that Vite resolves without asking any plugin: it would ship the original, and nobody would notice. These
 * plugins refuse them, in builds and in the dev server, by errors with the code `UNSUPPORTED_REFERENCE`.
 */
export function createViteGuards(requireUpscaler: () => Upscaler): Plugin[] {
  return [createSourceGuard(requireUpscaler), createOutputGuard(requireUpscaler)]
}

function createSourceGuard(requireUpscaler: () => Upscaler): Plugin {
  const refuse = createRefuse(requireUpscaler)
  return {
    name: 'unplugin-magnific:guards',
    enforce: 'pre',
    buildStart() {
      watchStyleReferences(this.environment.config.resolve.alias, (url, importer) =>
        refuse([url], importer),
      )
    },
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        if (!isPlainRequest(request.url ?? '', requireUpscaler())) return next()
        response.statusCode = 501
        response.setHeader('content-type', 'text/plain; charset=utf-8')
        response.end(`${explain('This kind of reference')}\n`)
      })
    },
  }
}

/** Looks at pages when every other plugin has added to them what it adds, and at what is emitted. */
function createOutputGuard(requireUpscaler: () => Upscaler): Plugin {
  const refuse = createRefuse(requireUpscaler)
  let config: ResolvedConfig
  return {
    name: 'unplugin-magnific:output-guard',
    enforce: 'post',
    configResolved(resolved) {
      config = resolved
    },
    transformIndexHtml: {
      // Before Vite takes the references for assets.
      order: 'pre',
      handler: async (html, { filename }) => {
        if (mayRefer(html)) refuse(await findAssetUrls(html, additionalSources(config)), filename)
      },
    },
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const isEmitted = createEmittedTest(Object.keys(bundle))
        const isShipped = (path: string): boolean => isEmitted(path) || isPublicUrl(config, path)
        // Only by name at first: Rolldown hands an asset's content over when it is looked at.
        for (const fileName of Object.keys(bundle)) {
          const [kind] = /(?:css|html|[cm]?js)$/.exec(fileName) ?? []
          const output = kind ? bundle[fileName] : undefined
          if (!output) continue
          if (output.type === 'chunk') checkImports(output, requireUpscaler().options.passthrough)
          const text = readText(output)
          if (kind === 'css') refuse(findStyleUrls(text), fileName)
          else if (kind !== 'html') refuse(findScriptUrls(text, isShipped), fileName, true)
          else if (mayRefer(text)) {
            refuse([...findStyleUrls(text), ...(await findAssetUrls(text))], fileName)
          }
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
      // Vite tests it without handing the code over to us.
      filter: { code: /\bnew\s+URL\s*\(/ },
      handler: async (code, id) => refuse(await findInScript(code, id), id),
    },
  }
}

/** Gives a reference its query back where another plugin resolves it and forgets that there was one. */
export function createQueryGuard(requireUpscaler: () => Upscaler): Plugin {
  const isOurs = (id: string): boolean =>
    isReference(splitReference(id).query, requireUpscaler().options.passthrough)
  const plugin: Plugin = {
    name: 'unplugin-magnific:query-guard',
    enforce: 'pre',
    configResolved(config) {
      // Vite itself keeps the query: no need to ask for each image.
      if (!hasForeignHook(config, 'resolveId')) delete plugin.resolveId
    },
    resolveId: {
      order: 'pre',
      filter: { id: referenceFilter },
      async handler(source, importer, options) {
        if (!isOurs(source)) return null
        const resolved = await this.resolve(source, importer, { ...options, skipSelf: true })
        if (!resolved || resolved.external || isOurs(resolved.id)) return resolved
        const id = `${splitReference(resolved.id).file}?${splitReference(source).query}`
        return { ...resolved, id }
      },
    },
  }
  return plugin
}

/** @param isHere whether the URLs are known to be those of files of this build, whatever host they name */
type Refuse = (urls: readonly string[], file: string, isHere?: boolean) => void

function createRefuse(requireUpscaler: () => Upscaler): Refuse {
  return (urls, file, isHere = false) => {
    for (const url of urls) {
      // Whatever is elsewhere is not part of the build.
      const isElsewhere = !isHere && /^(?:[a-z][\w+.-]*:|\/\/|#)/i.test(url)
      if (!referenceFilter.test(url) || isElsewhere) continue
      const { query } = splitReference(url)
      if (isReference(query, requireUpscaler().options.passthrough)) throw refusal(url, file)
    }
  }
}

/** Entities are decoded later, so they may hide a question mark. */
function mayRefer(html: string): boolean {
  return referenceFilter.test(html) || /&(?:#|quest)/.test(html)
}

/** An option of Vite 8. */
function additionalSources(config: ResolvedConfig): AssetSources | undefined {
  return (config as { html?: { additionalAssetSources?: AssetSources } }).html
    ?.additionalAssetSources
}

function isPublicUrl(config: ResolvedConfig, path: string): boolean {
  const { base } = config
  const relative = path.startsWith(base) ? path.slice(base.length) : path
  return path.startsWith('/') && isPublicFile(config, relative)
}

function readText(output: Rolldown.OutputAsset | Rolldown.OutputChunk): string {
  if (output.type === 'chunk') return output.code
  return typeof output.source === 'string' ? output.source : ''
}

const urlCall = /\bnew\s+URL\s*\(\s*('[^']*'|"[^"]*"|`[^`]*`)\s*,\s*import\.meta\.url/dg

/**
 * The first arguments of `new URL(…, import.meta.url)`. Comments and texts are left out where the language is a plain one;
 * elsewhere, only lines that are comments.
 */
async function findInScript(code: string, id: string): Promise<string[]> {
  if (!code.includes('import.meta.url') || !referenceFilter.test(code)) return []
  const isPlain = /\.[cm]?[jt]s$/.test(splitReference(id).file)
  // Few modules come here, and most builds have none of them.
  const stripped = isPlain ? (await import('strip-literal')).stripLiteral(code) : code
  return [...stripped.matchAll(urlCall)]
    .flatMap(({ indices }) => (indices?.[1] ? [indices[1]] : []))
    .filter(([start]) => isPlain || !isComment(code, start))
    .map(([start, end]) => code.slice(start + 1, end - 1))
}

function isComment(code: string, offset: number): boolean {
  const line = code.slice(code.lastIndexOf('\n', offset) + 1, offset)
  return /^\s*(?:\/\/|\*\s|<!--|\{\s*\/\*)/.test(line)
}

function refusal(url: string, file: string): unknown {
  const importer = splitReference(file).file
  const error = new MagnificError('UNSUPPORTED_REFERENCE', explain(`"${url}"`), { importer })
  const located = locateError(error, url, importer) as MagnificError & {
    loc?: { line: number; column: number }
  }
  // For PostCSS these are what tells the place, and columns count from 1.
  const place = located.loc && {
    file: importer,
    line: located.loc.line,
    column: located.loc.column + 1,
  }
  return Object.assign(located, { id: file }, place)
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
