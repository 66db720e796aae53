import type { ResolvedConfig, Rolldown } from 'vite'
import { commandOf, hasForeignHook } from './vite-project.ts'

/** What Vite's own plugin for assets makes of a file: the module's code, with the URL in it. */
export type AssetLoad = (
  this: Rolldown.PluginContext,
  id: string,
) => Promise<Rolldown.LoadResult> | Rolldown.LoadResult

/**
 * The `load` of Vite's own plugin for assets, to be handed the variant right away. The other way, a module that re-exports
 * the variant, is right wherever this one is not, and costs a tenth of a build that has nothing but images.
 *
 * @returns `undefined` where another plugin may want to load the variant, where Vite has no such plugin, and in a dev
 *   server, in which an edit of the source has to lead to another URL
 */
export function findAssetLoad(config: ResolvedConfig): AssetLoad | undefined {
  if (commandOf(config) === 'serve') return undefined
  if (hasForeignHook(config, 'load')) return undefined
  const load = config.plugins.find(({ name }) => name === 'vite:asset')?.load
  return typeof load === 'object' ? load.handler : load
}
