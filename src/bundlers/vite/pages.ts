import { dirname, join, relative } from 'node:path'
import type { HtmlTagDescriptor, Plugin, ResolvedConfig } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { referenceFilter, splitReference } from '../../core/request.ts'
import { locateError } from '../host-error.ts'
import { missingError } from '../missing.ts'
import { clientTag } from './dev/client.ts'
import { findFile } from './files.ts'
import { isWrittenIn } from './page-file.ts'
import type { AssetSources, PageAttribute } from '../../scan/page-attributes.ts'
import { checkPublic, examineFile, shipFile } from './session.ts'
import { isOwnUrl } from '../redirect.ts'
import type { Session } from './session.ts'

/** What a page was given in place of its references; Vite takes it for a path to an asset. */
export type PageReplacements = Map<string, { url: string; page: string }>

/**
 * References in HTML, `style` apart. In a build they are replaced by the variant's path, before Vite takes them for
 * assets. In a dev server they are looked at, and left for the middleware.
 *
 * @param replaced is added to
 * @param watched is added to
 */
export function createPagePlugin(
  requireSession: () => Session,
  replaced: PageReplacements,
  watched: Set<string>,
): Plugin {
  const plugin: Plugin = {
    name: 'unplugin-magnific:pages',
    // With `order: 'pre'`, after what other plugins add at that point.
    enforce: 'post',
    configResolved: {
      order: 'pre',
      handler({ plugins }) {
        // SvelteKit has no pages for Vite, and warns of whoever would look at them.
        const hasPages = plugins.every(({ name }) => name !== 'vite-plugin-sveltekit-setup')
        if (!hasPages) delete plugin.transformIndexHtml
      },
    },
    transformIndexHtml: {
      order: 'pre',
      handler: async (html, { filename, server }) => {
        const session = requireSession()
        const attributes = mayRefer(html) ? await findOwnAttributes(html, filename, session) : []
        if (server) {
          await noticeAll(html, attributes, filename, session)
          const tags: HtmlTagDescriptor[] = [clientTag]
          return { html, tags }
        }
        if (attributes.length === 0) return html
        return replaceAll(html, attributes, filename, session, (url, replacement, file) => {
          replaced.set(replacement, { url, page: filename })
          watched.add(file)
        })
      },
    },
  }
  return plugin
}

/** Entities are decoded later, so they may hide a question mark. */
export function mayRefer(html: string): boolean {
  return referenceFilter.test(html) || /&(?:#|quest)/.test(html)
}

/** An option of Vite 8. */
export function additionalSources(config: ResolvedConfig): AssetSources | undefined {
  return (config as { html?: { additionalAssetSources?: AssetSources } }).html
    ?.additionalAssetSources
}

async function findOwnAttributes(
  html: string,
  page: string,
  session: Session,
): Promise<PageAttribute[]> {
  const { findPageAttributes } = await import('../../scan/page-attributes.ts')
  const attributes = findPageAttributes(html, additionalSources(session.config))
  const own = attributes.filter(({ urls }) => urls.some((url) => isOwnUrl(url, session)))
  for (const attribute of own) checkAttribute(attribute, page, session)
  return own
}

/** What Vite leaves as it is would ship as a broken link. */
function checkAttribute(
  { element, name, urls, isAsset }: PageAttribute,
  page: string,
  session: Session,
): void {
  const url = urls.find((each) => isOwnUrl(each, session)) ?? ''
  if (isAsset || !/\.\w+$/.test(splitReference(url).file)) return
  throw locateError(
    new MagnificError(
      'UNSUPPORTED_REFERENCE',
      `Vite takes no <${element} ${name}> for a reference to an asset, and would leave "${url}" as it is. ` +
        "Import the image in a module, import url from './hero.png?magnific=4x', and set the attribute from there.",
      { importer: page },
    ),
    url,
    page,
  )
}

async function noticeAll(
  html: string,
  attributes: readonly PageAttribute[],
  page: string,
  session: Session,
): Promise<void> {
  for (const attribute of attributes) {
    // What an app has rendered into the page may be anybody's text.
    if (!isWrittenIn(page, html.slice(attribute.start, attribute.end))) continue
    for (const url of attribute.urls.filter((each) => isOwnUrl(each, session))) {
      await explained(url, page, async () => {
        const reference = resolveReference(url, page, session)
        session.dev?.known.add(reference)
        session.dev?.known.markMissing(reference.file)
        requireFile(reference.file, page)
        await examineFile(reference, session)
        session.dev?.known.takeMissing(reference.file)
      })
    }
  }
}

async function replaceAll(
  html: string,
  attributes: readonly PageAttribute[],
  page: string,
  session: Session,
  onReplaced: (url: string, replacement: string, file: string) => void,
): Promise<string> {
  const replace = async (url: string): Promise<string> => {
    if (!isOwnUrl(url, session)) return url
    return explained(url, page, async () => {
      const reference = resolveReference(url, page, session)
      requireFile(reference.file, page)
      const id = await shipFile(reference, session)
      const path = relative(dirname(page), id).replaceAll('\\', '/')
      const replacement = encodeURI(path.startsWith('.') ? path : `./${path}`)
      onReplaced(url, replacement, reference.file)
      return replacement
    })
  }
  const rendered = await Promise.all(
    attributes.map(async (attribute) => {
      const { renderAttribute } = await import('../../scan/page-attributes.ts')
      return renderAttribute(attribute, await Promise.all(attribute.urls.map(replace)))
    }),
  )
  const places = attributes
    .map(({ start, end }, index) => ({ start, end, text: rendered[index] ?? '' }))
    .toSorted((a, b) => b.start - a.start)
  return places.reduce(
    (text, place) => text.slice(0, place.start) + place.text + text.slice(place.end),
    html,
  )
}

function resolveReference(
  url: string,
  page: string,
  session: Session,
): { file: string; query: string; importer: string } {
  checkPublic(url, page, session)
  const { file: path, query } = splitReference(url)
  const base = path.startsWith('/') ? session.config.root : dirname(page)
  const file = join(base, path)
  return { file: findFile(file) ?? file, query, importer: page }
}

function requireFile(file: string, page: string): void {
  if (findFile(file) === undefined) throw missingError(file, page)
}

async function explained<T>(url: string, page: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw locateError(error, url, page)
  }
}
