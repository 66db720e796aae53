import { splitReference } from '../core/request.ts'
import type { Collector } from './collector.ts'
import { mayGlob, mayRefer } from './may-refer.ts'
import { readSrcset } from './page-attributes.ts'
import { readScript, scriptLanguage } from './read-script.ts'
import { readStyle } from './read-style.ts'
import { endOfComment, endOfRawText, readBlocks, readTag } from './tags.ts'
import type { Block, Tag } from './tags.ts'

/** What the compiler of templates makes imports of, by element. From @vue/compiler-sfc, `defaultAssetUrlOptions`. */
const assetAttributes: Readonly<Record<string, readonly string[]>> = {
  video: ['src', 'poster'],
  source: ['src', 'srcset'],
  img: ['src', 'srcset'],
  image: ['xlink:href', 'href'],
  use: ['xlink:href', 'href'],
}

/** Finds what a component of Vue refers to: in its scripts, its styles, and the attributes of its template. */
export function readVue(text: string, collector: Collector): void {
  if (!collector.wantsImports && !mayRefer(text) && !mayGlob(text)) return
  readBlocks(text, String.raw`[a-z][^\s/>]*`, (block) => readBlock(block, collector), endOfBlock)
}

function readBlock(block: Block, collector: Collector): void {
  const { name, attributes, text, end } = block
  const lang = attributes.get('lang')
  if (!/^(?:script|style|template)$/.test(name)) return
  if (attributes.has('src')) addSource(block, collector)
  else if (name === 'style') readStyle(text, lang ?? 'css', collector.at(end))
  else if (name === 'script') readScript(text, scriptLanguage(lang), collector.at(end))
  else if ((lang ?? 'html') === 'html') readTemplate(text, collector.at(end))
}

/** Only in templates there may be blocks in a block. */
function endOfBlock(text: string, tag: Tag): number {
  const { attributes, name, end } = tag
  if (name !== 'template' || (attributes.get('lang') ?? 'html') !== 'html') {
    return endOfRawText(text, tag)
  }
  const pattern = /<!--|<\/template(?=[\s>])|<template(?=[\s/>])/gi
  pattern.lastIndex = end
  let depth = 1
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const { 0: found, index } = match
    if (found === '<!--') pattern.lastIndex = endOfComment(text, index)
    else if (found.startsWith('</')) {
      if (--depth === 0) return index
    } else {
      const inner = readTag(text, index, 'template')
      pattern.lastIndex = inner.end
      if (!inner.isSelfClosing) depth++
    }
  }
  return text.length
}

/** `<script src="./a.ts">`: a block may be a file of its own. */
function addSource({ attributes, start }: Tag, collector: Collector): void {
  const { file: path, query } = splitReference(attributes.get('src') ?? '')
  collector.add({
    path,
    query,
    kind: 'import',
    resolveKind: 'script',
    offset: start,
    isModule: true,
  })
}

/** Elements, and what may look like one and is none. */
const opening = /<!--|\{\{|<([a-z][^\s/>]*)/gi

function readTemplate(text: string, collector: Collector): void {
  if (!mayRefer(text)) return
  opening.lastIndex = 0
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const { 0: found, 1: name, index } = match
    if (name !== undefined) {
      const tag = readTag(text, index, name)
      addAssets(tag, collector)
      opening.lastIndex = tag.end
    } else if (found === '{{') {
      const end = text.indexOf('}}', index)
      opening.lastIndex = end === -1 ? text.length : end
    } else {
      opening.lastIndex = endOfComment(text, index)
    }
  }
}

function addAssets({ name: element, attributes, start }: Tag, collector: Collector): void {
  if (!Object.hasOwn(assetAttributes, element)) return
  for (const name of assetAttributes[element] ?? []) {
    const value = attributes.get(name)
    if (value === undefined) continue
    for (const url of name === 'srcset' ? readSrcset(value) : [value]) {
      // As webpack's loaders have it.
      const { file, query } = splitReference(decode(url.replace(/^~\/?/, '').replace(/#.*$/, '')))
      collector.add({
        path: file,
        query,
        kind: 'template',
        resolveKind: 'script',
        offset: start,
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
