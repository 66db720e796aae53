import type { ResolvedConfig, Rolldown } from 'vite'
import { commandOf, hasForeignHook } from './project.ts'

/** What Vite's own plugin for assets makes of a file: the module's code, with the URL in it. */
export type AssetLoad = (
  this: Rolldown.PluginContext,
  id: string,
) => Promise<Rolldown.LoadResult> | Rolldown.LoadResult

/** The `load` of Vite's own plugin for assets. */
export function findAssetLoad({ plugins }: ResolvedConfig): AssetLoad | undefined {
  const load = plugins.find(({ name }) => name === 'vite:asset')?.load
  return typeof load === 'object' ? load.handler : load
}

/**
 * Whether builds may hand the variant to Vite's own plugin right away. The other way, a module that re-exports the
 * variant, is right wherever this one is not, and costs a tenth of a build that has nothing but images.
 *
 * @returns `false` where another plugin may want to load the variant, and where an edit of the source has to lead to
 *   another URL
 */
export function mayLoadDirectly(config: ResolvedConfig): boolean {
  return commandOf(config) === 'build' && !hasForeignHook(config, 'load')
}
