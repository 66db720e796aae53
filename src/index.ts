import { createUnplugin } from 'unplugin'
import type { UnpluginInstance, UnpluginOptions } from 'unplugin'
import { createEsbuildPlugin } from './bundlers/esbuild/plugin.ts'
import { createRolldownPlugin } from './bundlers/rollup/rolldown.ts'
import { createRollupPlugin } from './bundlers/rollup/plugin.ts'
import { createRspackPlugin } from './bundlers/rspack/plugin.ts'
import { createVitePlugin } from './bundlers/vite/plugin.ts'
import { createWebpackPlugin } from './bundlers/webpack/plugin.ts'
import { MagnificError } from './core/errors.ts'
import type { Options } from './core/options.ts'

/**
 * The plugin for tools that take an unplugin: `unplugin.vite()`, `unplugin.rollup()`, `unplugin.webpack()` … The entries
 * of the hosts give the same plugins, and start faster, since they do without unplugin.
 *
 * @throws MagnificError `BAD_OPTIONS` for a host that is not supported
 */
const unplugin: UnpluginInstance<Options | undefined, true> = createUnplugin(
  (options: Options | undefined, { framework }): UnpluginOptions[] => {
    switch (framework) {
      case 'vite':
        return createVitePlugin(options).map((plugin) => ({
          name: plugin.name,
          ...(plugin.enforce ? { enforce: plugin.enforce } : {}),
          vite: plugin,
        }))
      case 'rollup':
        return createRollupPlugin(options).map((plugin) => ({ name: plugin.name, rollup: plugin }))
      case 'rolldown':
        return createRolldownPlugin(options).map((plugin) => ({
          name: plugin.name,
          rolldown: plugin,
        }))
      case 'rspack':
        return [
          {
            name: 'unplugin-magnific',
            rspack: (compiler) => createRspackPlugin(options).apply(compiler),
          },
        ]
      case 'webpack':
        return [
          {
            name: 'unplugin-magnific',
            webpack: (compiler) => createWebpackPlugin(options).apply(compiler),
          },
        ]
      case 'esbuild':
        return [{ name: 'unplugin-magnific', esbuild: createEsbuildPlugin(options) }]
      default:
        throw new MagnificError(
          'BAD_OPTIONS',
          `unplugin-magnific does not support ${framework} yet. It supports Vite, webpack, Rspack, Rollup, Rolldown and esbuild.`,
        )
    }
  },
)

export default unplugin

export { MagnificError }
export type { ErrorCode } from './core/errors.ts'
export type { MissPolicy, Options, RequestFields } from './core/options.ts'
export type { Params, Scale } from './core/params.ts'
export type {
  MagnificFormat,
  MagnificImg,
  MagnificMetadata,
  MagnificOrigin,
  MagnificPicture,
} from './types.ts'
