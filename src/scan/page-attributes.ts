import type { DefaultTreeAdapterTypes as Tree } from 'parse5'
import { loadModule } from './load-module.ts'

/** An element of a page. */
export type PageElement = Tree.Element

/** More attributes that are taken for references, by element. */
export type AssetSources = Readonly<
  Record<string, { srcAttributes?: string[] | undefined; srcsetAttributes?: string[] | undefined }>
>

/** An attribute of a page that holds URLs. */
export interface PageAttribute {
  /** `img` */
  element: string
  /** `src` */
  name: string
  /** With its entities decoded. */
  value: string
  /** The URLs in the value, in order. */
  urls: string[]
  /** Whether Vite takes it for a reference to an asset. */
  isAsset: boolean
  /** Where name and value stand in the page. */
  start: number
  end: number
}

/** The attributes that Vite takes for references to assets, by element. */
const sources: Readonly<Record<string, readonly string[]>> = {
  audio: ['src'],
  embed: ['src'],
  image: ['href', 'xlink:href'],
  img: ['src', 'srcset'],
  input: ['src'],
  link: ['href', 'imagesrcset'],
  object: ['data'],
  source: ['src', 'srcset'],
  track: ['src'],
  use: ['href', 'xlink:href'],
  video: ['src', 'poster'],
}
/** What a `<meta>` must be called for its `content` to be one. */
const metaName =
  /^(?:og:(?:image|audio|video)(?::(?:secure_)?url)?|twitter:image|msapplication-.+)$/i
/** Attributes that are for people, or not about pictures. Whatever is in others may be meant as a URL. */
const textAttribute = /^(?:alt|title|value|placeholder|label|summary|id|class|style|aria-.*)$/

/**
 * Finds what a page refers to: comments, texts and `vite-ignore` are left out. Styles are not looked at: Vite takes them
 * for style sheets.
 *
 * @param additional the option `html.additionalAssetSources`
 */
export function findPageAttributes(html: string, additional: AssetSources = {}): PageAttribute[] {
  return readElements(html).flatMap((element) => readAttributes(element, additional))
}

/** The elements of a page, in the order in which they begin. */
export function readElements(html: string): PageElement[] {
  const { parse } = loadModule.parse5()
  // As Vite reads it: with scripting, what is in a <noscript> would be text.
  const page = parse(html, { scriptingEnabled: false, sourceCodeLocationInfo: true })
  const elements: PageElement[] = []
  // Pages may be deeper than a stack.
  const rest: Tree.Node[] = [page]
  for (let node = rest.pop(); node; node = rest.pop()) {
    if ('attrs' in node) elements.push(node)
    const parent = 'content' in node ? node.content : node
    if (!('childNodes' in parent)) continue
    for (const child of parent.childNodes.toReversed()) rest.push(child)
  }
  return elements
}

/** Writes an attribute anew, with other URLs in it. */
export function renderAttribute(
  { name, value, urls }: Pick<PageAttribute, 'name' | 'value' | 'urls'>,
  replacements: readonly string[],
): string {
  let rest = value
  let written = ''
  for (const [index, url] of urls.entries()) {
    const at = rest.indexOf(url)
    written += rest.slice(0, at) + (replacements[index] ?? url)
    rest = rest.slice(at + url.length)
  }
  const escaped = (written + rest).replaceAll('&', '&amp;').replaceAll('"', '&quot;')
  return `${name}="${escaped}"`
}

/** What an element refers to; nothing where it has `vite-ignore`. */
export function readAttributes(node: PageElement, additional: AssetSources = {}): PageAttribute[] {
  const { nodeName: element, sourceCodeLocation } = node
  const attributes = attributesOf(node)
  if (attributes.has('vite-ignore')) return []
  const { srcAttributes = [], srcsetAttributes = [] } = additional[element] ?? {}
  const assets = [
    ...(sources[element] ?? []),
    ...(element === 'meta' && isImageMeta(attributes) ? ['content'] : []),
    ...srcAttributes,
    ...srcsetAttributes,
  ]
  const others = [...attributes.keys()].filter(
    (name) => !assets.includes(name) && !textAttribute.test(name),
  )
  return [...assets, ...others].flatMap((name) => {
    const value = attributes.get(name)
    const location = sourceCodeLocation?.attrs?.[name]
    if (!value || !location) return []
    const isList = name.endsWith('srcset') || srcsetAttributes.includes(name)
    return {
      element,
      name,
      value,
      urls: isList ? readSrcset(value) : [value.trim()],
      isAsset: assets.includes(name),
      start: location.startOffset,
      end: location.endOffset,
    }
  })
}

/** By name: `xlink:href`. */
export function attributesOf({ attrs }: PageElement): ReadonlyMap<string, string> {
  return new Map(
    attrs.map(({ prefix, name, value }) => [prefix ? `${prefix}:${name}` : name, value]),
  )
}

/** URLs may hold commas, but do not end in them. */
export function readSrcset(value: string): string[] {
  const urls: string[] = []
  let rest = value
  for (;;) {
    const [, url = '', commas = ''] = /^[\s,]*(\S*?)(,*)(?=\s|$)/.exec(rest) ?? []
    if (url === '') return urls
    urls.push(url)
    rest = rest.slice(rest.indexOf(url) + url.length + commas.length)
    // What follows up to the next comma are descriptors.
    if (commas === '') rest = rest.replace(/^[^,]*/, '')
  }
}

function isImageMeta(attributes: ReadonlyMap<string, string>): boolean {
  return ['name', 'property'].some((key) => metaName.test(attributes.get(key)?.trim() ?? ''))
}
