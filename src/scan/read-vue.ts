import { splitReference } from '../core/request.ts'
import type { Collector } from './collector.ts'
import { loadModule } from './load-module.ts'
import { readSrcset } from './page-attributes.ts'
import { readScript } from './read-script.ts'
import type { ScriptLanguage } from './read-script.ts'
import { readStyle } from './read-style.ts'

/** What the compiler of templates makes imports of, by element. From @vue/compiler-sfc, `defaultAssetUrlOptions`. */
const assetAttributes: Readonly<Record<string, readonly string[]>> = {
  video: ['src', 'poster'],
  source: ['src', 'srcset'],
  img: ['src', 'srcset'],
  image: ['xlink:href', 'href'],
  use: ['xlink:href', 'href'],
}

interface Block {
  name: string
  attributes: Readonly<Record<string, string>>
  start: number
}

/** Finds what a component of Vue refers to: in its scripts, its styles, and the attributes of its template. */
export function readVue(text: string, collector: Collector): void {
  const { Parser } = loadModule.htmlparser()
  /** The elements that are open. */
  const open: string[] = []
  let block: Block | undefined
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (open.length === 0) {
          block = { name, attributes, start: parser.endIndex + 1 }
          addSource(block, parser.startIndex, collector)
        } else if (block?.name === 'template' && isHtml(block)) {
          addAssets(name, attributes, parser.startIndex, collector)
        }
        open.push(name)
      },
      onclosetag() {
        open.pop()
        if (open.length > 0 || !block) return
        const end = Math.max(block.start, parser.startIndex)
        readBlock(block, text.slice(block.start, end), collector.at(block.start))
        block = undefined
      },
    },
    { recognizeSelfClosing: true, lowerCaseTags: false, lowerCaseAttributeNames: false },
  )
  parser.end(text)
}

function isHtml({ attributes: { lang = 'html' } }: Block): boolean {
  return lang === 'html'
}

/** `<script src="./a.ts">`: a block may be a file of its own. */
function addSource({ name, attributes }: Block, offset: number, collector: Collector): void {
  const { src } = attributes
  if (src === undefined || !/^(?:script|style|template)$/.test(name)) return
  const { file: path, query } = splitReference(src)
  collector.add({
    path,
    query,
    kind: 'import',
    resolveKind: 'script',
    offset,
    isModule: true,
  })
}

function readBlock({ name, attributes }: Block, text: string, collector: Collector): void {
  if (attributes['src'] !== undefined) return
  if (name === 'style') readStyle(text, attributes['lang'] ?? 'css', collector)
  else if (name === 'script') readScript(text, scriptLanguage(attributes['lang']), collector)
}

/** What a component says of its scripts. */
export function scriptLanguage(lang: string | undefined): ScriptLanguage {
  return lang === 'ts' || lang === 'tsx' ? lang : lang === 'typescript' ? 'ts' : 'jsx'
}

function addAssets(
  element: string,
  attributes: Readonly<Record<string, string>>,
  offset: number,
  collector: Collector,
): void {
  for (const name of assetAttributes[element] ?? []) {
    const value = attributes[name]
    if (value === undefined) continue
    for (const url of name === 'srcset' ? readSrcset(value) : [value]) {
      // As webpack's loaders have it.
      const { file, query } = splitReference(decode(url.replace(/^~\/?/, '').replace(/#.*$/, '')))
      collector.add({
        path: file,
        query,
        kind: 'template',
        resolveKind: 'script',
        offset,
        isModule: false,
      })
    }
  }
}

/** The compiler imports what the escapes stand for. */
function decode(url: string): string {
  try {
    return decodeURIComponent(url)
  } catch {
    return url
  }
}
