import type { Plugin } from 'esbuild'
import { createEsbuildPlugin } from './bundlers/esbuild/plugin.ts'
import type { Options } from './core/options.ts'

/**
 * unplugin-magnific for esbuild.
 *
 * @example
 * // build.js
 * import { build } from 'esbuild'
 * import magnific from 'unplugin-magnific/esbuild'
 *
 * await build({ entryPoints: ['src/main.js'], bundle: true, outdir: 'dist', plugins: [magnific()] })
 */
export default function magnific(options?: Options): Plugin {
  return createEsbuildPlugin(options)
}

export type { Options }
