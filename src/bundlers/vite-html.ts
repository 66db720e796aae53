import type { DefaultTreeAdapterTypes as Tree } from 'parse5'

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
 * @returns URLs, and from `srcset` and `style` everything that may be one
 */
export async function findAssetUrls(html: string): Promise<string[]> {
  // Few pages come here.
  const { parse } = await import('parse5')
  return [...walk(parse(html))].flatMap(readElement)
}

function* walk(node: Tree.Node): Generator<Tree.Element> {
  if ('attrs' in node) yield node
  const { childNodes } =
    'content' in node ? node.content : 'childNodes' in node ? node : { childNodes: [] }
  for (const child of childNodes) yield* walk(child)
}

function readElement({ nodeName, attrs }: Tree.Element): string[] {
  const attributes = new Map(
    attrs.map(({ prefix, name, value }) => [prefix ? `${prefix}:${name}` : name, value]),
  )
  if (attributes.has('vite-ignore')) return []
  const names =
    nodeName === 'meta' && isImageMeta(attributes) ? ['content'] : (sources[nodeName] ?? [])
  return [...names, 'style'].flatMap((name) => {
    const value = attributes.get(name) ?? ''
    return name === 'style' || name.endsWith('srcset') ? value.split(/[\s,()"']+/) : [value.trim()]
  })
}

function isImageMeta(attributes: ReadonlyMap<string, string>): boolean {
  return ['name', 'property'].some((key) => metaName.test(attributes.get(key)?.trim() ?? ''))
}
