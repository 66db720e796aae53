import { join } from 'node:path'
import type { Plugin } from 'vite'
import { imageExtensions } from '../../../core/formats.ts'
import { referenceFilter, splitReference } from '../../../core/request.ts'
import { findFile } from '../files.ts'
import { isOwnUrl } from '../../redirect.ts'
import type { Session } from '../session.ts'

/** URLs as templates are compiled to, in scripts and in HTML within scripts. */
const rootUrl = /(?<=["'`(\s])(?:https?:\/\/[^"'`()\s\\<>/]+)?\/[^"'`()\s\\<>]+\?[^"'`()\s\\<>]+/g

/** Cheap, since all code is tested for it. */
const imageQuery = new RegExp(`\\.(?:${imageExtensions.join('|')})\\?`, 'i')

/** What holds code or a template. What is loaded as a text, or as data, refers to nothing. */
const codeFile = /\.(?:[cm]?[jt]sx?|vue|svelte|astro|marko|mdx?|html)(?:$|\?(?!(?:.*&)?raw(?:&|$)))/

/**
 * Notes what modules say in texts. Compilers of templates write the URLs of pictures into scripts where they would import
 * them in a build: so it is a module that refers to them, although no plugin is asked.
 */
export function createTextPlugin(requireSession: () => Session): Plugin {
  return {
    name: 'unplugin-magnific:texts',
    apply: 'serve',
    enforce: 'post',
    transform: {
      filter: { code: imageQuery },
      handler(code, id) {
        // A script in a page may hold what an app has rendered, which may be anybody's text.
        if (!imageQuery.test(code) || !codeFile.test(id) || id.includes('html-proxy')) return
        // What a request says about a module may come back in the module's code.
        if (referenceFilter.test(id)) return
        const session = requireSession()
        const { base, root, server } = session.config
        for (const [text] of code.matchAll(rootUrl)) {
          const { origin = '' } = server
          const local = text.startsWith(`${origin}/`) ? text.slice(origin.length) : text
          const url = local.replaceAll('&amp;', '&')
          if (!isOwnUrl(url, session)) continue
          const { file: path, query } = splitReference(url)
          const inBase = path.startsWith(base) ? path.slice(base.length - 1) : path
          const file = findFile(inBase.startsWith('/@fs/') ? inBase.slice(4) : join(root, inBase))
          if (file) session.dev?.known.add({ file, query, importer: splitReference(id).file })
        }
      },
    },
  }
}
