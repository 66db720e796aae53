import { loadModule } from './load-module.ts'

/** The beginning of an element, in a page or in the markup of a component. */
export interface Tag {
  /** As it is written. */
  name: string
  /** By name, with entities decoded; an expression in braces is an empty text. */
  attributes: ReadonlyMap<string, string>
  start: number
  /** What is behind it. */
  end: number
  isSelfClosing: boolean
}

const attributePattern =
  /\s*(?:([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|\{[^}]*\}|([^\s>"'{]+)))?|\/(?!>)|["'=])/y
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  quest: '?',
}

/** @param start where its `<` is */
export function readTag(text: string, start: number, name: string): Tag {
  const attributes = new Map<string, string>()
  let at = start + 1 + name.length
  for (;;) {
    attributePattern.lastIndex = at
    const match = attributePattern.exec(text)
    if (!match) break
    const [all, key, double, single, bare] = match
    if (key !== undefined && !attributes.has(key)) {
      attributes.set(key, decodeEntities(double ?? single ?? bare ?? ''))
    }
    at += all.length
  }
  const [closing = ''] = /^\s*\/?>?/.exec(text.slice(at, at + 200)) ?? []
  return { name, attributes, start, end: at + closing.length, isSelfClosing: closing.includes('/') }
}

/** A part of a component, such as `<script>`: text that is not markup. */
export interface Block extends Tag {
  /** What is in it. */
  text: string
}

/**
 * Finds the blocks of a component or a page: elements whose insides are texts of another language, up to where they end. In
 * comments there are none.
 *
 * @param names of elements, as alternatives of a regular expression
 * @param onBlock is called for each, in order
 * @returns where the blocks and comments were, in order
 */
export function readBlocks(
  text: string,
  names: string,
  onBlock: (block: Block) => void,
  findEnd: (text: string, tag: Tag) => number = endOfRawText,
): Span[] {
  const opening = new RegExp(String.raw`<!--|<(${names})(?=[\s/>])`, 'gi')
  const spans: Span[] = []
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const { 1: name, index: start } = match
    let end: number
    if (name === undefined) {
      end = endOfComment(text, start)
    } else {
      const tag = readTag(text, start, name)
      end = tag.isSelfClosing ? tag.end : findEnd(text, tag)
      onBlock({ ...tag, name: name.toLowerCase(), text: text.slice(tag.end, end) })
    }
    opening.lastIndex = end
    spans.push({ start, end })
  }
  return spans
}

/** A part of a text. */
export interface Span {
  start: number
  end: number
}

/** Puts spaces in place of parts of a text. */
export function blankSpans(text: string, spans: readonly Span[]): string {
  const parts: string[] = []
  let from = 0
  for (const { start, end } of spans) {
    parts.push(text.slice(from, start), ' '.repeat(end - start))
    from = end
  }
  return [...parts, text.slice(from)].join('')
}

/** @param start where its `<!--` is */
export function endOfComment(text: string, start: number): number {
  const end = text.indexOf('-->', start + 4)
  return end === -1 ? text.length : end + 3
}

/** Where what is in an element ends, whatever it holds. */
export function endOfRawText(text: string, { name, end }: Tag): number {
  const close = new RegExp(String.raw`</${name.replaceAll(/\W/g, String.raw`\$&`)}(?=[\s/>])`, 'gi')
  close.lastIndex = end
  return close.exec(text)?.index ?? text.length
}

/** What an attribute's text stands for. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  const decoded = text.replaceAll(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|quest));/gi,
    (all, decimal?: string, hex?: string, name = '') => {
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
      if (code > 0 && code <= 0x10_ff_ff) return String.fromCodePoint(code)
      return entities[name.toLowerCase()] ?? all
    },
  )
  // There are two thousand more.
  return /&[a-z]\w*;/i.test(text.replaceAll(/&(?:amp|lt|gt|quot|apos|quest);/gi, ''))
    ? decodeAll(text)
    : decoded
}

function decodeAll(text: string): string {
  const { parseFragment } = loadModule.parse5()
  const [element] = parseFragment(`<i title="${text.replaceAll('"', '&quot;')}">`).childNodes
  return (element && 'attrs' in element ? element.attrs[0]?.value : undefined) ?? text
}
