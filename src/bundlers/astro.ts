import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fastGlob from 'fast-glob'
import type { Plugin } from 'vite'
import { MagnificError } from '../core/errors.ts'
import { isReference, splitReference } from '../core/request.ts'
import { endsInExtension, findPlaceholders } from './astro-content.ts'
import type { PluginApi } from './vite/plugin.ts'

/** The module that holds what is in Astro's collections, in one piece or in several. */
const contentModule = /^\0astro:data-layer-content/

/**
 * Refuses pictures of collections that Astro would not import.
 *
 * @param api of the Vite plugin
 */
export function createContentPlugin(api: PluginApi): Plugin {
  return {
    name: 'unplugin-magnific:content',
    transform: {
      filter: { id: contentModule },
      handler(code, id) {
        if (contentModule.test(id)) checkPlaceholders(code, undefined, api, endsInExtension)
      },
    },
  }
}

/**
 * Refuses what pages that Astro has rendered still refer to.
 *
 * @param dir where they are
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export async function checkPages(dir: URL, api: PluginApi): Promise<void> {
  for (const page of await fastGlob('**/*.html', { cwd: fileURLToPath(dir), dot: true })) {
    const html = await readFile(new URL(encodeURI(page), dir), 'utf8')
    checkPlaceholders(html, page, api, () => false)
    await api.checkPage(html, page)
  }
}

function checkPlaceholders(
  text: string,
  importer: string | undefined,
  { options }: PluginApi,
  isFine: (reference: string) => boolean,
): void {
  const reference = findPlaceholders(text).find(
    (each) => isReference(splitReference(each).query, options.passthrough) && !isFine(each),
  )
  if (reference === undefined) return
  const { file, query } = splitReference(reference.replace(/#.*/, ''))
  const [extension = '.png'] = /\.\w+$/.exec(file) ?? []
  const advice =
    query.includes('&') || query.includes(';')
      ? `Put the fields into a preset, presets: { hero: { magnific: '4x', … } }, and write "${file}?magnific=hero#${extension}"`
      : `Write "${file}?${query}#${extension}"`
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `Astro imports no picture of a content collection whose path ends as "${reference}" does, and would leave it out. ${advice}, or import the image in a module.`,
    { importer },
  )
}
