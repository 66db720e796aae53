import type { Plugin } from 'vite'
import { newUrlFilter, replaceUrls } from '../new-url.ts'
import type { Session } from './session.ts'

/**
 * `new URL('./hero.png?magnific=4x', import.meta.url)` becomes an import: Vite would resolve it without asking any plugin.
 * In a plugin of its own, since worker builds need it as well.
 */
export function createUrlPlugin(requireSession: () => Session): Plugin {
  const name = 'unplugin-magnific:urls'
  return {
    name,
    configResolved(config) {
      // Behind the plugins that make scripts of what is written, and before Vite's own, which would take the URL.
      const plugins = config.plugins as Plugin[]
      const from = plugins.findIndex((plugin) => plugin.name === name)
      const [own] = from === -1 ? [] : plugins.splice(from, 1)
      const before = plugins.findIndex((plugin) => plugin.name === 'vite:asset-import-meta-url')
      if (own) plugins.splice(before === -1 ? from : before, 0, own)
    },
    transform: {
      // Vite tests it without handing the code over to us.
      filter: newUrlFilter,
      async handler(code, id) {
        return replaceUrls(code, id, this, requireSession().upscaler)
      },
    },
  }
}
