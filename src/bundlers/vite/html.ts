import type { DefaultTreeAdapterTypes as Tree } from 'parse5'

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
export async function findPageAttributes(
  html: string,
  additional: AssetSources = {},
): Promise<PageAttribute[]> {
  // Few pages come here.
  const { parse } = await import('parse5')
  // As Vite reads it: with scripting, what is in a <noscript> would be text.
  const page = parse(html, { scriptingEnabled: false, sourceCodeLocationInfo: true })
  return [...walk(page)].flatMap((element) => readElement(element, additional))
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

function* walk(node: Tree.Node): Generator<Tree.Element> {
  if ('attrs' in node) yield node
  const { childNodes } =
    'content' in node ? node.content : 'childNodes' in node ? node : { childNodes: [] }
  for (const child of childNodes) yield* walk(child)
}

function readElement(
  { nodeName: element, attrs, sourceCodeLocation }: Tree.Element,
  additional: AssetSources,
): PageAttribute[] {
  const attributes = new Map(
    attrs.map(({ prefix, name, value }) => [prefix ? `${prefix}:${name}` : name, value]),
  )
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

/** URLs may hold commas, but do not end in them. */
function readSrcset(value: string): string[] {
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
