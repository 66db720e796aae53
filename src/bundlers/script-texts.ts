import { imageExtensions } from '../core/formats.ts'
import { isReference, ownKeys, splitReference } from '../core/request.ts'
import { loadModule } from '../scan/load-module.ts'
import { isElsewhere } from './redirect.ts'

// Texts that somebody may take for a picture's URL when a script runs. No host takes them for references.

/** What looks like the URL of an image with a query of ours. */
export interface FoundText {
  /** As it is written; of a template whose beginning is an expression, what is behind that. */
  text: string
  /** Whether a part of it is put in when the script runs. */
  isTemplate: boolean
  /** Whether it stands in quotes within a text: in HTML, JSON, a script that is one. Known of scripts alone. */
  isNested: boolean
  /** Where it begins. */
  offset: number
}

/** UTF-16 code units that are looked at on either side of a URL. */
const around = 200
const hint = new RegExp(ownKeys.join('|'))
/** White space, also as scripts write it in texts. */
const gap = String.raw`(?:\s|\\[nrt])`
const entity = '&(?:quot|#39|#x27);'
const quote = `(?:\\\\*["'\`]|${entity})`
/** From the first letter on, and from no other: in an inlined picture, each one would be tried with all that follow. */
const word = new RegExp(
  `(?<![^\\s"'\`()<>\\\\])[^\\s"'\`()<>\\\\]*\\.(?:${imageExtensions.join('|')})\\?[^\\s"'\`()<>\\\\]+`,
  'gi',
)
/** What is no part of the URL that a word holds: a quote in HTML, the descriptor of the one before it in a `srcset`. */
const wordStart = new RegExp(`^(?:${entity})?(?:[\\d.]+[wxh],)?,*`, 'i')
const wordEnd = new RegExp(`(?:${entity}).*$|,+$`, 'is')
const quoteBefore = new RegExp(`${quote}${gap}*$`, 'i')
const quoteAfter = new RegExp(`^${gap}*${quote}`, 'i')
const urlBefore = new RegExp(`\\burl\\(${gap}*${quote}?$`, 'i')
const urlAfter = new RegExp(`^${quote}?${gap}*\\)`, 'i')
/** The descriptor of one in a `srcset`, or of the next one there. */
const descriptorAfter = new RegExp(
  `^(?:,${gap}*[^\\s"'\`\\\\]+)?${gap}+\\d*\\.?\\d+[wxh]${gap}*(?:,|${quote})`,
  'i',
)
/** The name of a property, or of a module in a bundle. */
const keyBefore = /(?:[{,]|\*\/)\s*\\*["'`]$/
const keyAfter = /^\\*["'`]\s*:/
/** Before a text in a text that is for a machine: in HTML, JSON, a script. */
const nestedBefore = new RegExp(`(?:^|[=:[{,(])\\s*${quote}${gap}*$`, 'i')
/** What hosts make of `import()` with a template: behind the images that it fits, it is handed on with their depth. */
const dynamicImportAfter = /^`\s*,\s*\d+\s*\)/
/** What is put behind a URL when the script runs: a query of the original. */
const queryText = /["'`]([?&]magnific(?:=[\w-]*)?)(?=["'`&])/g
/** What no script has. */
const fill = '\0'

/** A cheap first test: whether a text has a word that nobody else has. */
export function mentionsUs(text: string): boolean {
  return hint.test(text)
}

/** A text as it is asked for: what is put behind a URL may be the rest of its query. */
export function toReference(text: string): string {
  return text.replace(/^&/, '?')
}

/** Whether a text may be an example for people: in quotes in another one, and relative. */
export function isExample({ text, isNested }: Pick<FoundText, 'text' | 'isNested'>): boolean {
  return isNested && !text.startsWith('/')
}

/**
 * Finds texts that are URLs of images with a query of ours, or end like one, list them as `srcset` does, or have one in `url()`.
 * Others may be meant for people.
 */
export function findTexts(source: string): FoundText[] {
  if (!mentionsUs(source)) return []
  const found: FoundText[] = []
  for (const { 0: all, index } of source.matchAll(word)) {
    // A backslash makes white space of the first letter.
    const skipped = source[index - 1] === '\\' && /^[nrt]/.test(all) ? 1 : 0
    const start = skipped + (wordStart.exec(all.slice(skipped))?.[0].length ?? 0)
    const text = readText(source, index + start, all.slice(start).replace(wordEnd, ''))
    if (text) found.push(text)
  }
  for (const { 1: text = '', index } of source.matchAll(queryText)) {
    found.push({ text, isTemplate: true, isNested: false, offset: index + 1 })
  }
  return found
}

/**
 * Finds the same in a script, but for what stands in a comment, or in quotes within a text for people.
 *
 * @param code of a script: what is none is read by `findTexts`
 */
export function findCodeTexts(code: string): FoundText[] {
  const found = findTexts(code)
  if (found.length === 0) return found
  const masked = loadModule.stripLiteral().stripLiteral(code, { fillChar: fill })
  return found.flatMap((each) => {
    const { offset } = each
    if (masked[offset] === ' ' || isInStyleComment(code, masked, offset)) return []
    const before = code.slice(Math.max(0, offset - around), offset)
    const quoteLength = quoteBefore.exec(before)?.[0].length ?? 0
    const isNested = quoteLength > 0 && masked[offset - quoteLength] === fill
    if (isNested && !nestedBefore.test(textBefore(before, masked, offset))) return []
    return { ...each, isNested }
  })
}

/** Whether a place is in a comment of a style sheet that is a text, all of it in the same one. */
function isInStyleComment(code: string, masked: string, offset: number): boolean {
  const start = code.lastIndexOf('/*', offset)
  if (start === -1 || masked[start] !== fill || code.slice(start, offset).includes('*/'))
    return false
  const end = code.indexOf('*/', offset)
  return end !== -1 && !/["'`]/.test(masked.slice(start, end))
}

/** Of what is before a place, what belongs to the same text. */
function textBefore(before: string, masked: string, offset: number): string {
  const others = masked.slice(offset - before.length, offset)
  return before.slice(others.search(new RegExp(`[${fill}\\n]*$`)))
}

function readText(source: string, offset: number, url: string): FoundText | undefined {
  const { file, query } = splitReference(url)
  if (isElsewhere(url) || !isReference(query)) return undefined
  const before = source.slice(Math.max(0, offset - around), offset)
  const after = source.slice(offset + url.length, offset + url.length + around)
  if (keyBefore.test(before) && keyAfter.test(after)) return undefined
  if (file.includes('}') && dynamicImportAfter.test(after)) return undefined
  const isInUrl = urlBefore.test(before) && urlAfter.test(after)
  const isListed = descriptorAfter.test(after)
  const brace = file.lastIndexOf('}')
  if (brace === -1 || file.includes('${')) {
    const isWhole = quoteBefore.test(before) && quoteAfter.test(after)
    const isTemplate = url.includes('${') || /^\.\w+$/.test(file)
    const isFound = isWhole || isInUrl || isListed
    return isFound ? { text: url, isTemplate, isNested: false, offset } : undefined
  }
  // What is put in has quotes or parentheses of its own.
  const start = source.lastIndexOf('`', offset) + 1
  const template = source.slice(start, offset + brace + 1).replaceAll(/\$\{.*?\}/gs, '')
  const [beginning = ''] = /[^\s"'()<>]*$/.exec(template) ?? []
  const isEnd = quoteAfter.test(after) || urlAfter.test(after) || isListed
  return start > 0 && isEnd && !isElsewhere(beginning)
    ? { text: url.slice(brace + 1), isTemplate: true, isNested: false, offset }
    : undefined
}
