import { dirname, join } from 'node:path'
import type { Plugin, ResolvedConfig, Rolldown } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { limitLogger } from '../../core/logger.ts'
import { referenceFilter, splitReference } from '../../core/request.ts'
import { readContentImport } from '../astro/content.ts'
import { checkImports } from '../external.ts'
import { locateError } from '../host-error.ts'
import type { ModuleInfos } from '../host-error.ts'
import { findLeftCalls } from '../left-references.ts'
import { findCodeTexts, findTexts, isExample, mentionsUs, toReference } from '../script-texts.ts'
import {
  createEmittedTest,
  findInlineSvgUrls,
  findScriptUrls,
  findStyleUrls,
  findSvgUrls,
} from './output-scan.ts'
import { additionalSources, mayRefer } from './pages.ts'
import type { PageReplacements } from './pages.ts'
import { isPublicUrl } from './project.ts'
import { checkPublic, checkPublicText } from './session.ts'
import { isElsewhere, isOwnUrl } from '../redirect.ts'
import type { Session } from './session.ts'

/** Without a text before it on its line: a URL has such signs too. */
const lineComment = /^[ \t]*\/\/.*$/gm
const blockComment = /\/\*.*?\*\//gs

/**
 * The last net: a reference that is still in what is emitted was resolved by somebody who asked no plugin, and what it
 * leads to is the original, or nothing.
 *
 * @param replaced what pages were given; Vite has to have taken it for an asset
 */
export function createOutputPlugin(
  requireSession: () => Session,
  replaced: PageReplacements,
): Plugin {
  return {
    name: 'unplugin-magnific:output',
    enforce: 'post',
    apply: 'build',
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const session = requireSession()
        const { config, upscaler } = session
        const isEmitted = createEmittedTest(Object.keys(bundle))
        const isShipped = (path: string): boolean => isEmitted(path) || isPublicUrl(config, path)
        // Only by name at first: Rolldown hands an asset's content over when it is looked at.
        for (const fileName of Object.keys(bundle)) {
          const [kind] = /(?:css|html|svg|json|webmanifest|[cm]?js)$/.exec(fileName) ?? []
          const output = kind ? bundle[fileName] : undefined
          if (!output) continue
          if (output.type === 'chunk') checkImports(output, upscaler.options.passthrough)
          const text = readText(output)
          const isScript = output.type === 'chunk' || kind?.endsWith('js') === true
          // Names of modules stand above them.
          const code = isScript && mentionsUs(text) ? text.replaceAll(lineComment, '') : text
          const urls = findScriptUrls(code, isShipped)
          if (kind === 'css') refuse(findStyleUrls(text), fileName, session)
          else if (kind === 'html') await checkPage(text, fileName, session, replaced)
          else if (kind === 'svg') refuse(await findSvgUrls(text), fileName, session)
          else if (isScript) {
            // Whatever host it names, it is a file of this build.
            refuse(urls, fileName, session, () => false)
            if (mentionsUs(text)) {
              const [error] = await findLeftCalls(fileName, text, upscaler)
              if (error) throw error
            }
          }
          refuse(findInlineSvgUrls(text), fileName, session)
          // In pages and pictures, what leads nowhere may be meant to be read; and lists of what was built name modules.
          const isRead = kind !== 'html' && kind !== 'svg' && !isManifest(fileName, config)
          const bare = kind === 'css' ? text.replaceAll(blockComment, '') : text
          const found = !isRead ? [] : isScript ? findCodeTexts(text) : findTexts(bare)
          const isImported = createImportedTest(output, this)
          const others = found.filter((each) => !isImported(each.text))
          for (const { text: url, isTemplate, isNested } of others) {
            // Data is a text in quotes, all of it.
            const isQuoted = isNested || kind === 'json'
            if (isTemplate || isExample({ text: url, isNested: isQuoted })) continue
            if (isOwnUrl(url, session)) checkPublicText(url, fileName, session)
          }
          const texts = others.map((each) => each.text)
          const left = isRead ? texts : urls.filter((each) => !isImported(each))
          warnOfTexts(left, fileName, session)
        }
      },
    },
  }
}

/**
 * Refuses what a page still refers to.
 *
 * @param replaced see `createOutputPlugin`
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export async function checkPage(
  html: string,
  fileName: string,
  session: Session,
  replaced: PageReplacements = new Map(),
): Promise<void> {
  for (const [replacement, { url, page }] of replaced) {
    if (html.includes(replacement)) throw refusal(url, page)
  }
  if (!mayRefer(html)) return
  const { findPageAttributes } = await import('../../scan/page-attributes.ts')
  const attributes = findPageAttributes(html, additionalSources(session.config))
  const urls = attributes.filter(({ isAsset }) => isAsset).flatMap((attribute) => attribute.urls)
  refuse([...findStyleUrls(html), ...urls], fileName, session)
}

function refuse(
  urls: readonly string[],
  fileName: string,
  session: Session,
  isForeign: (url: string) => boolean = isElsewhere,
): void {
  const { base } = session.config
  for (const url of urls) {
    const isBelowBase = isElsewhere(base) && url.startsWith(base)
    if (!referenceFilter.test(url) || (isForeign(url) && !isBelowBase)) continue
    // Without the host, where it names one.
    const path = isBelowBase
      ? `/${url.slice(base.length)}`
      : url.replace(/^(?:[a-z][\w+.-]*:)?\/\/[^/]*/i, '')
    if (!isOwnUrl(path, session)) continue
    checkPublic(path, fileName, session)
    throw refusal(url, fileName)
  }
}

/** What Vite writes about a build, by the names of its modules. */
function isManifest(fileName: string, { build }: ResolvedConfig): boolean {
  const names = [build.manifest, build.ssrManifest].filter((name) => typeof name === 'string')
  return /^\.vite\/[\w-]*manifest\.json$/.test(fileName) || names.includes(fileName)
}

/** Says of a text whether a module that the output is made of imports the same: compilers leave what they replace. */
function createImportedTest(
  output: Rolldown.OutputAsset | Rolldown.OutputChunk,
  infos: ModuleInfos,
): (text: string) => boolean {
  const ids = output.type === 'chunk' ? output.moduleIds : []
  return (text) => {
    const content = readContentImport(`${text}?astroContentImageFlag`)
    if (text.includes('#') && content) {
      const end = content.reference.replace(/^[./]*/, '/')
      return [...infos.getModuleIds()].some((id) => id.endsWith(end))
    }
    const { file, query } = splitReference(text)
    return ids.some((id) => {
      const target = `${join(dirname(splitReference(id).file), file)}?${query}`
      return infos.getModuleInfo(id)?.importedIds.includes(target) === true
    })
  }
}

/** Texts that may be meant for people, or for somebody who takes them for a picture's URL. */
function warnOfTexts(texts: readonly string[], fileName: string, session: Session): void {
  const { config, upscaler } = session
  const logger = limitLogger(config.logger, upscaler.options.logLevel)
  for (const text of new Set(texts)) {
    if (!isOwnUrl(toReference(text), session)) continue
    logger.warn(
      `magnific: "${text}" in ${fileName} is a text, and no image is upscaled for it. ` +
        "If it is to be a picture's URL, import the image, import url from './hero.png?magnific=4x', and use that.",
    )
  }
}

function readText(output: Rolldown.OutputAsset | Rolldown.OutputChunk): string {
  if (output.type === 'chunk') return output.code
  return typeof output.source === 'string'
    ? output.source
    : Buffer.from(output.source).toString('utf8')
}

function refusal(url: string, fileName: string): unknown {
  const importer = splitReference(fileName).file
  const error = new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${url}" is left as it is by Vite, which asks no plugin here, and the original would be shipped. ${wayOut(fileName)}`,
    { importer },
  )
  return locateError(error, url, importer)
}

function wayOut(fileName: string): string {
  return fileName.endsWith('css')
    ? 'It stands in a style sheet that Vite reads by itself, such as one that `composes … from` names: write the url() in the sheet that is imported, or in a custom property there.'
    : "Import the image in a module, import url from './hero.png?magnific=4x', and hand the URL on from there."
}
