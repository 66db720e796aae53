import { splitReference } from '../core/request.ts'
import type { Collector } from './collector.ts'
import { mayRefer } from './may-refer.ts'
import { attributesOf, readAttributes, readElements } from './page-attributes.ts'
import type { PageAttribute, PageElement } from './page-attributes.ts'
import { readScript } from './read-script.ts'
import { readStyle } from './read-style.ts'

const linkCandidate = /<(?:script|link|style)\b/i
const styleSheet = /\.(?:css|less|sass|scss|styl|stylus|pcss|postcss|sss)(?:$|\?)/

/** Finds the references of a page, and the scripts and style sheets that it loads, as a build of Vite takes them. */
export function readPage(text: string, collector: Collector): void {
  if (mayRefer(text) || (collector.wantsImports && linkCandidate.test(text))) {
    readWhole(text, collector)
  }
}

/** As the build reads it. */
function readWhole(text: string, collector: Collector): void {
  for (const element of readElements(text)) {
    const attributes = attributesOf(element)
    if (attributes.has('vite-ignore')) continue
    for (const attribute of readAttributes(element)) addAttribute(attribute, collector)
    const style = attributes.get('style')
    const offset = element.sourceCodeLocation?.attrs?.['style']?.startOffset
    if (style !== undefined && offset !== undefined) {
      readStyle(style, 'css', collector.at(offset))
    }
    if (element.nodeName === 'style') readInner(element, (inner, at) => readStyle(inner, 'css', at))
    else if (element.nodeName === 'link') addLink(attributes, startOf(element), collector)
    else if (element.nodeName === 'script') readInnerScript(element, attributes)
  }

  function readInner(
    { childNodes }: PageElement,
    read: (inner: string, collector: Collector) => void,
  ): void {
    for (const child of childNodes) {
      const start = 'value' in child ? child.sourceCodeLocation?.startOffset : undefined
      const end = child.sourceCodeLocation?.endOffset
      if (start !== undefined) read(text.slice(start, end), collector.at(start))
    }
  }

  function readInnerScript(element: PageElement, attributes: ReadonlyMap<string, string>): void {
    if (!isModule(attributes)) return
    const src = attributes.get('src')
    if (src === undefined) readInner(element, (inner, at) => readScript(inner, 'js', at))
    else addModule(src, startOf(element), collector)
  }
}

/** What is no module is left as it is. */
function isModule(attributes: ReadonlyMap<string, string>): boolean {
  return attributes.get('type')?.trim().toLowerCase() === 'module'
}

function startOf({ sourceCodeLocation }: PageElement): number {
  return sourceCodeLocation?.startOffset ?? 0
}

function addAttribute(
  { element, name, urls, isAsset, start }: PageAttribute,
  collector: Collector,
): void {
  for (const url of urls) {
    const { file: path, query } = splitReference(url)
    // Addresses of pages are no files.
    if (!isAsset && !/\.\w+$/.test(path)) continue
    const refusal = `Vite takes no <${element} ${name}> for a reference to an asset. Import the image in a module, and set the attribute from there.`
    collector.add({
      path,
      query,
      kind: 'html',
      resolveKind: 'page',
      offset: start,
      isModule: false,
      ...(!isAsset && { refusal }),
    })
  }
}

function addLink(
  attributes: ReadonlyMap<string, string>,
  offset: number,
  collector: Collector,
): void {
  const href = attributes.get('href') ?? ''
  const isSheet = /(?:^|\s)stylesheet(?:\s|$)/i.test(attributes.get('rel') ?? '')
  if (isSheet || styleSheet.test(href)) addModule(href, offset, collector)
}

function addModule(url: string, offset: number, collector: Collector): void {
  const { file: path, query } = splitReference(url.trim())
  collector.add({
    path,
    query,
    kind: 'html',
    resolveKind: 'page',
    offset,
    isModule: true,
  })
}
