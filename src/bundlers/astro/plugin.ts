import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { isReference, splitReference } from '../../core/request.ts'
import { endsInExtension, findContentPaths, findPlaceholders } from './content.ts'
import type { PluginApi } from '../vite/plugin.ts'

/** The module that holds what is in Astro's collections, in one piece or in several. */
const contentModule = /astro:data-layer-content/

/**
 * Refuses pictures of Markdown that Astro would not import, or not find again, before they are bought.
 *
 * @param api of the Vite plugin, which comes after this one
 */
export function createContentPlugin(api: PluginApi): Plugin {
  return {
    name: 'unplugin-magnific:content',
    enforce: 'pre',
    resolveId: {
      order: 'pre',
      handler(source, importer) {
        if (!importer?.endsWith('.md') || !source.includes('&')) return
        const { file, query } = splitReference(source)
        if (!isReference(query, api.options.passthrough)) return
        throw new MagnificError(
          'UNSUPPORTED_REFERENCE',
          `Astro writes "&" as an entity into the HTML of a page in Markdown, and does not find "${source}" again. ${presetAdvice(file)}.`,
          { importer },
        )
      },
    },
    transform: {
      filter: { id: contentModule },
      handler(code, id) {
        if (!contentModule.test(id)) return
        const paths = [...findPlaceholders(code), ...findContentPaths(code)]
        const { mode, logger } = this.environment
        try {
          checkPaths(
            paths.filter((path) => !endsInExtension(path)),
            undefined,
            api,
          )
        } catch (error) {
          if (mode !== 'dev') throw error
          // A dev server of Astro takes a module that fails for collections with nothing in them.
          logger.error((error as Error).message, { timestamp: true })
        }
      },
    },
  }
}

function presetAdvice(file: string, end = ''): string {
  return `Put the fields into a preset, presets: { hero: { magnific: '4x', … } }, and write "${file}?magnific=hero${end}"`
}

/**
 * Refuses what pages that Astro has rendered still refer to.
 *
 * @param dir where they are
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export async function checkPages(dir: URL, api: PluginApi): Promise<void> {
  const { default: fastGlob } = await import('fast-glob')
  const cwd = fileURLToPath(dir)
  for (const page of await fastGlob('**/*.html', { cwd, dot: true })) {
    const html = await readFile(join(cwd, page), 'utf8')
    checkPaths(findPlaceholders(html), page, api)
    await api.checkPage(html, page)
  }
}

/** @param paths of pictures that Astro has not taken for any */
function checkPaths(
  paths: readonly string[],
  importer: string | undefined,
  { options }: PluginApi,
): void {
  const reference = paths.find((path) =>
    isReference(splitReference(path).query, options.passthrough),
  )
  if (reference === undefined) return
  const { file, query } = splitReference(reference.replace(/#.*/, ''))
  const [extension = '.png'] = /\.\w+$/.exec(file) ?? []
  const advice =
    query.includes('&') || query.includes(';')
      ? presetAdvice(file, `#${extension}`)
      : `Write "${file}?${query}#${extension}"`
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `Astro imports no picture of a content collection whose path ends as "${reference}" does, and would leave it out. ${advice}, or import the image in a module.`,
    { importer },
  )
}
