import { basename } from 'node:path'
import { imageExtensions } from '../../core/formats.ts'
import { ownKeys, referenceFilter } from '../../core/request.ts'
import { findCodeTexts } from '../script-texts.ts'
import { decodePath } from './files.ts'

// The last net under the guards: what is emitted must not speak of references any more, but in texts for people.

/** `url()` and `image-set()` of a style sheet, or of a page with styles in it, comments left out. */
export function findStyleUrls(text: string): string[] {
  if (!referenceFilter.test(text)) return []
  const pattern = /\b(?:url|image-set)\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]+))/gi
  const rules = text.replaceAll(/\/\*.*?\*\/|<!--.*?-->/gs, '')
  return [...rules.matchAll(pattern)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  )
}

const scriptHint = new RegExp(ownKeys.join('|'))
/** From the first letter on, and from no other: in an inlined picture, each one would be tried with all that follow. */
const imageUrl = new RegExp(
  `(?<![^\\s"'\`()<>\\\\])[^\\s"'\`()<>\\\\]+\\.(?:${imageExtensions.join('|')})\\?[^\\s"'\`()<>\\\\]+`,
  'gi',
)

/**
 * References in a script whose file is shipped. Others may be nothing but texts.
 *
 * @param isShipped whether a URL's path is that of a file that comes with the build
 */
export function findScriptUrls(code: string, isShipped: (path: string) => boolean): string[] {
  if (!scriptHint.test(code)) return []
  return [...code.matchAll(imageUrl)]
    .map(([url]) => url)
    .filter((url) => referenceFilter.test(url) && isShipped(url.slice(0, url.indexOf('?'))))
}

/** Texts in a script that look like URLs of images with a query of ours: see `findTexts`. */
export function findScriptTexts(code: string): string[] {
  return [...new Set(findCodeTexts(code).map(({ text }) => text))]
}

/** Says of a path whether it ends in the name of an emitted file. */
export function createEmittedTest(fileNames: readonly string[]): (path: string) => boolean {
  let names: Set<string> | undefined
  return (path) => {
    names ??= new Set(fileNames.map((fileName) => basename(fileName)))
    return names.has(basename(decodePath(path) ?? path))
  }
}
