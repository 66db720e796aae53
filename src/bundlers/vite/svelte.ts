import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { referenceFilter } from '../../core/request.ts'
import { locateError } from '../host-error.ts'
import { isOwnUrl } from '../redirect.ts'
import { findStyleUrls } from './output-scan.ts'
import type { Session } from './session.ts'

const element = /<([a-z][\w:-]*)(?=[\s/>])/gi
/** Elements that show pictures. */
const pictureElement = /^(?:img|source|image|video|input|link|use)$/
/** Their attributes that hold URLs. */
const attributeNames = ['src', 'srcset', 'href', 'xlink:href', 'poster', 'imagesrcset']

/**
 * Refuses references that are written into the markup of Svelte's components: their compiler makes no imports of them, and a
 * browser would be sent to look for the original beside the page. Preprocessors that do make imports have their way.
 */
export function createSveltePlugin(requireSession: () => Session): Plugin {
  return {
    name: 'unplugin-magnific:svelte',
    // When components are compiled.
    enforce: 'post',
    transform: {
      filter: { id: /\.svelte$/, code: /\?/ },
      async handler(code, id) {
        if (!referenceFilter.test(code)) return
        const session = requireSession()
        const written = await findWritten(id)
        const left = written.find(
          ({ name, value }) =>
            readUrls(name, value).some((url) => isOwnUrl(url, session)) &&
            isLeft(code, name, value),
        )
        if (left) throw refusal(left, id, session)
      },
    },
  }
}

interface Written {
  tag: string
  name: string
  value: string
}

/** The attributes in a component's markup that hold URLs as they stand. */
async function findWritten(id: string): Promise<Written[]> {
  const { blankSpans, readBlocks, readTag } = await import('../../scan/tags.ts')
  const text = readText(id)
  const markup = blankSpans(
    text,
    readBlocks(text, 'script|style', () => {}),
  )
  let last = 0
  return [...markup.matchAll(element)].flatMap(({ index, 1: tag = '' }) => {
    if (index < last) return []
    const { attributes, end } = readTag(markup, index, tag)
    last = end
    const names = pictureElement.test(tag) ? attributeNames : []
    const styles = [...attributes.keys()].filter((name) => isStyle(name))
    return [...names, ...styles].flatMap((name) => {
      const value = attributes.get(name)
      return value ? [{ tag, name, value }] : []
    })
  })
}

/** What is no file is somebody's own; the net under all this warns of it. */
function readText(id: string): string {
  try {
    return readFileSync(id, 'utf8')
  } catch {
    return ''
  }
}

/** `style` and `style:background-image` */
function isStyle(name: string): boolean {
  return /^style(?:$|:)/.test(name)
}

function readUrls(name: string, value: string): string[] {
  if (isStyle(name)) return findStyleUrls(value)
  return name.endsWith('srcset') ? value.trim().split(/,?\s+/) : [value.trim()]
}

/** Whether the compiled component has the attribute as it was written. */
function isLeft(code: string, name: string, value: string): boolean {
  const spellings = [value, value.replaceAll('&', '&amp;')]
  // It becomes a property's value.
  if (name.startsWith('style:')) return code.includes(value)
  return spellings.some((spelling) => code.includes(`${name}="${spelling}"`))
}

function refusal({ tag, name, value }: Written, id: string, session: Session): unknown {
  const url = readUrls(name, value).find((each) => isOwnUrl(each, session)) ?? value
  const enhanced =
    tag === 'img' && session.upscaler.options.passthrough.includes('enhanced')
      ? ` Or write <enhanced:img src="${url}">.`
      : ''
  const error = new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `Svelte leaves <${tag} ${name}="${value}"> as it is, and no image is upscaled for it. Import the image, import hero from '${url}', and write <${tag} ${name}=${isStyle(name) ? `"${value.replace(url, '{hero}')}"` : '{hero}'}>.${enhanced}`,
    { importer: id },
  )
  return locateError(error, url, id)
}
