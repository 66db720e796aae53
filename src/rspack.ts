import type { RspackPluginInstance } from '@rspack/core'
import { createRspackPlugin } from './bundlers/rspack/plugin.ts'
import type { Options } from './core/options.ts'

/**
 * unplugin-magnific for Rspack and Rsbuild.
 *
 * @example
 * // rspack.config.js
 * import magnific from 'unplugin-magnific/rspack'
 *
 * export default { plugins: [magnific()] }
 *
 * @example
 * // rsbuild.config.js
 * import magnific from 'unplugin-magnific/rspack'
 *
 * export default { tools: { rspack: { plugins: [magnific()] } } }
 */
export default function magnific(options?: Options): RspackPluginInstance {
  return createRspackPlugin(options)
}

export type { Options }
