import type { WebpackPluginInstance } from 'webpack'
import { createWebpackPlugin } from './bundlers/webpack/plugin.ts'
import type { Options } from './core/options.ts'

/**
 * unplugin-magnific for webpack.
 *
 * @example
 * // webpack.config.js
 * import magnific from 'unplugin-magnific/webpack'
 *
 * export default { plugins: [magnific()] }
 */
export default function magnific(options?: Options): WebpackPluginInstance {
  return createWebpackPlugin(options)
}

export type { Options }
