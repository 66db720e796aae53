import type { Plugin } from 'rolldown'
import { createRolldownPlugin } from './bundlers/rollup/rolldown.ts'
import type { Options } from './core/options.ts'

/**
 * unplugin-magnific for Rolldown.
 *
 * @example
 * // rolldown.config.js
 * import magnific from 'unplugin-magnific/rolldown'
 *
 * export default { plugins: [magnific()] }
 */
export default function magnific(options?: Options): Plugin[] {
  return createRolldownPlugin(options)
}

export type { Options }
