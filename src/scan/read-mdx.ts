import type { Collector } from './collector.ts'
import { mayRefer } from './may-refer.ts'
import { readExpressions } from './read-markup.ts'
import { readScript } from './read-script.ts'

const fence = /^ {0,3}(`{3,}|~{3,})/
const moduleLine = /^(?:import|export)[\s{*'"]/
const candidate = /^export\b|\bimport\b/m
const commentStart = /\{\s{0,99}\/\*|<!--/g
const inlineCode = /(?<!`)(`+)(?!`)[^\r\n]*?(?<!`)\1(?!`)/g

/**
 * Finds what a document of MDX refers to: imports and exports that stand where a paragraph could begin, outside of code, and
 * calls in expressions. Pictures of Markdown stay texts.
 */
export function readMdx(text: string, collector: Collector): void {
  if (!collector.wantsImports && !mayRefer(text)) return
  if (!candidate.test(text)) return
  const plain = blankComments(text)
  const { modules, markup } = splitDocument(plain)
  for (const { start, end } of modules) {
    readScript(text.slice(start, end), 'jsx', collector.at(start))
  }
  readExpressions(markup.replaceAll(inlineCode, blankLines), collector)
}

function blankComments(text: string): string {
  const parts: string[] = []
  let from = 0
  commentStart.lastIndex = 0
  for (let match = commentStart.exec(text); match; match = commentStart.exec(text)) {
    const { 0: opened, index } = match
    const closing = opened === '<!--' ? '-->' : '*/'
    const end = text.indexOf(closing, index + opened.length)
    // What does not end is none, and neither is anything behind it.
    if (end === -1) break
    parts.push(text.slice(from, index), blankLines(text.slice(index, end + closing.length)))
    from = end + closing.length
    commentStart.lastIndex = from
  }
  return parts.join('') + text.slice(from)
}

/** Spaces, with the ends of lines left. */
function blankLines(text: string): string {
  return text.replaceAll(/[^\r\n]/g, ' ')
}

interface Part {
  start: number
  end: number
}

/** @returns where the blocks of code are that are modules' own, and everything else that is no code */
function splitDocument(text: string): { modules: Part[]; markup: string } {
  const modules: Part[] = []
  const markup: string[] = []
  /** What a block of code ends with. */
  let closing: string | undefined
  let module: Part | undefined
  let isBlank = true
  let start = 0
  for (const line of text.split(/(?<=\n)/)) {
    const end = start + line.length
    const mark = fence.exec(line)?.[1]
    const isCode = closing !== undefined || mark !== undefined
    if (closing !== undefined) {
      const isEnd = mark?.startsWith(closing) && line.trim() === mark
      if (isEnd) closing = undefined
    } else if (mark !== undefined) {
      closing = mark
      module = undefined
    } else if (line.trim() === '') {
      module = undefined
    } else if (module) {
      module.end = end
    } else if (isBlank && moduleLine.test(line)) {
      module = { start, end }
      modules.push(module)
    }
    markup.push(isCode || module ? blankLines(line) : line)
    isBlank = line.trim() === '' || (isCode && closing === undefined)
    start = end
  }
  return { modules, markup: markup.join('') }
}
