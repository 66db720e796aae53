import { readFile, stat } from 'node:fs/promises'
import { formatPath } from '../core/format-path.ts'
import type { InspectedImage } from './contract.ts'

/** Who refers to an image, and where. */
export interface ImporterPlace {
  /** An absolute path. */
  importer: string
  /** From 1; 0 where nobody knows it. */
  line: number
  /** As it is written there, without the question mark: it tells which part of a long line is shown. */
  query: string
}

/** So much of a line is shown, characters. */
const longestText = 300
/** A larger source, in bytes, was written by a program, and for programs. */
const largestSource = 4_000_000

/** Reads the lines in which sources refer to images: each file once. */
export function createImporterReader(
  root: string,
): (place: ImporterPlace) => Promise<InspectedImage['importers'][number]> {
  const files = new Map<string, Promise<string[]>>()

  const readLines = async (file: string): Promise<string[]> => {
    const { size } = await stat(file)
    return size > largestSource ? [] : (await readFile(file, 'utf8')).split(/\r\n|[\r\n]/)
  }

  return async ({ importer, line, query }) => {
    let lines = files.get(importer)
    if (!lines) files.set(importer, (lines = readLines(importer).catch(() => [])))
    const all = await lines
    // Hosts tell no lines.
    const found = line > 0 ? line : all.findIndex((text) => text.includes(query)) + 1
    const text = all[found - 1] ?? ''
    return { file: formatPath(root, importer), line: found, ...cutOut(text.trim(), query) }
  }
}

/** A line, or the part of a long one that the query stands in. */
function cutOut(
  text: string,
  query: string,
): Pick<InspectedImage['importers'][number], 'text' | 'isPart'> {
  if (text.length <= longestText) return { text, isPart: false }
  const from = Math.max(0, text.indexOf(query) - longestText / 2)
  const to = from + longestText - 2
  // Half of a surrogate pair is no character.
  const part = text.slice(from, to).replaceAll(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, '')
  return {
    text: `${from > 0 ? '…' : ''}${part}${to < text.length ? '…' : ''}`,
    isPart: true,
  }
}
