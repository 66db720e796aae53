import type { Plugin } from 'vite'
import { createVitePlugin } from './bundlers/vite/plugin.ts'
import type { Options } from './core/options.ts'

/**
 * unplugin-magnific for Vite.
 *
 * @example
 * // vite.config.js
 * import magnific from 'unplugin-magnific/vite'
 *
 * export default { plugins: [magnific()] }
 */
export default function magnific(options?: Options): Plugin[] {
  return createVitePlugin(options)
}

export type { Options }
