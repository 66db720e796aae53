import { basename } from 'node:path'
import { imageExtensions } from '../../core/formats.ts'
import { referenceFilter } from '../../core/request.ts'
import { findCodeTexts, mentionsUs } from '../script-texts.ts'
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

/** An SVG that is a part of another file. */
const inlineSvg = /data:image\/svg\+xml(?:;base64,([\w+/=]+)|[^,"`()\s]*,([^"`()\s]+))/g
const svgComment = /<!--.*?-->/gs
/** What shows another picture in one. */
const svgPicture = /<(?:image|feImage|use)\b[^<>]*?\bhref=(?:"([^"]*)"|'([^']*)')/gi

/** Pictures that an SVG refers to: no host looks into one. */
export async function findSvgUrls(svg: string): Promise<string[]> {
  if (!mentionsUs(svg)) return []
  const { findPageAttributes } = await import('../../scan/page-attributes.ts')
  return [
    ...findStyleUrls(readSvgStyles(svg)),
    ...findPageAttributes(svg)
      .filter(
        ({ element, name }) => /^(?:image|feimage|use)$/i.test(element) && name.endsWith('href'),
      )
      .flatMap(({ urls }) => urls),
  ]
}

/** Its style sheets and attributes, and not what is to be read. */
function readSvgStyles(svg: string): string {
  const plain = svg.replaceAll(svgComment, '')
  const sheets = [...plain.matchAll(/<style\b[^>]*>(.*?)<\/style/gis)].map(([, sheet]) => sheet)
  return [...sheets, ...(plain.match(/<[a-z][^<>]*>/gi) ?? [])].join('\n')
}

/** The same of those that are a part of another file, as data URIs: as an image, an SVG loads nothing at all. */
export function findInlineSvgUrls(text: string): string[] {
  if (!text.includes('data:image/svg+xml')) return []
  return [...text.matchAll(inlineSvg)].flatMap(([, base64, escaped = '']) => {
    const svg =
      base64 === undefined
        ? (decodePath(escaped) ?? '')
        : Buffer.from(base64, 'base64').toString('utf8')
    if (!mentionsUs(svg)) return []
    return [...svg.replaceAll(svgComment, '').matchAll(svgPicture)].map(
      ([, double, single]) => double ?? single ?? '',
    )
  })
}

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
  if (!mentionsUs(code)) return []
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
