import type { DefaultTreeAdapterTypes as Tree } from 'parse5'

/** More attributes that are taken for references, by element. */
export type AssetSources = Readonly<
  Record<string, { srcAttributes?: string[] | undefined; srcsetAttributes?: string[] | undefined }>
>

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

/**
 * Finds what a page refers to where Vite looks for assets: comments, texts and `vite-ignore` are left out, entities are
 * decoded.
 *
 * @param additional the option `html.additionalAssetSources`
 * @returns URLs, and from `srcset` and `style` everything that may be one
 */
export async function findAssetUrls(
  html: string,
  additional: AssetSources = {},
): Promise<string[]> {
  // Few pages come here.
  const { parse } = await import('parse5')
  // As Vite reads it: with scripting, what is in a <noscript> would be text.
  const page = parse(html, { scriptingEnabled: false })
  return [...walk(page)].flatMap((element) => readElement(element, additional))
}

function* walk(node: Tree.Node): Generator<Tree.Element> {
  if ('attrs' in node) yield node
  const { childNodes } =
    'content' in node ? node.content : 'childNodes' in node ? node : { childNodes: [] }
  for (const child of childNodes) yield* walk(child)
}

function readElement({ nodeName, attrs }: Tree.Element, additional: AssetSources): string[] {
  const attributes = new Map(
    attrs.map(({ prefix, name, value }) => [prefix ? `${prefix}:${name}` : name, value]),
  )
  if (attributes.has('vite-ignore')) return []
  const { srcAttributes = [], srcsetAttributes = [] } = additional[nodeName] ?? {}
  const names = [
    'style',
    ...(sources[nodeName] ?? []),
    ...(nodeName === 'meta' && isImageMeta(attributes) ? ['content'] : []),
    ...srcAttributes,
    ...srcsetAttributes,
  ]
  return names.flatMap((name) => {
    const value = attributes.get(name) ?? ''
    const isList = name === 'style' || name.endsWith('srcset') || srcsetAttributes.includes(name)
    return isList ? value.split(/[\s,()"']+/) : [value.trim()]
  })
}

function isImageMeta(attributes: ReadonlyMap<string, string>): boolean {
  return ['name', 'property'].some((key) => metaName.test(attributes.get(key)?.trim() ?? ''))
}
