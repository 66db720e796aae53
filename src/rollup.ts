import type { Plugin } from 'rollup'
import { createRollupPlugin } from './bundlers/rollup/plugin.ts'
import type { Options } from './core/options.ts'

/**
 * unplugin-magnific for Rollup.
 *
 * @example
 * // rollup.config.js
 * import magnific from 'unplugin-magnific/rollup'
 *
 * export default { plugins: [magnific()] }
 */
export default function magnific(options?: Options): Plugin[] {
  return createRollupPlugin(options)
}

export type { Options }
