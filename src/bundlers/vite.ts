import type { Plugin, ResolvedConfig } from 'vite'
import { MagnificError } from '../core/errors.ts'
import type { Options } from '../core/options.ts'
import { referenceFilter } from '../core/request.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import { createUpscaler } from '../upscaler.ts'
import type { Upscaler } from '../upscaler.ts'
import { locateError, locateImport } from './host-error.ts'
import { findMissing, missingError } from './missing.ts'
import { readReference, renderRedirect, toModuleId } from './redirect.ts'
import { createQueryGuard, createUrlGuard, createViteGuards } from './vite-guards.ts'
import { findAssetLoad } from './vite-asset.ts'
import type { AssetLoad } from './vite-asset.ts'
import {
  checkAccess,
  checkAsset,
  commandOf,
  explainPublicFile,
  loadEnvironment,
} from './vite-project.ts'

/**
 * The plugin for Vite: it redirects imports of references, in workers too, and refuses the references that it cannot
 * see through, since Vite would ship the original.
 *
 * @throws MagnificError `BAD_OPTIONS` when the config is resolved
 */
export function createVitePlugin(userOptions: Options = {}): Plugin[] {
  let upscaler: Upscaler | undefined
  let isPreview = false
  const requireUpscaler = (): Upscaler => {
    if (upscaler) return upscaler
    throw new Error('unplugin-magnific was called before its configResolved hook.')
  }
  const modulePlugins = (): Plugin[] => [
    createQueryGuard(requireUpscaler),
    createImportPlugin(requireUpscaler),
    createUrlGuard(requireUpscaler),
  ]

  return [
    {
      name: 'unplugin-magnific:setup',
      enforce: 'pre',
      config(_, environment) {
        isPreview = environment.isPreview ?? false
        // Vite does not run the plugins of the config in worker builds.
        return { worker: { plugins: modulePlugins } }
      },
      async configResolved(config) {
        const options = resolveOptions(userOptions, {
          root: config.root,
          command: commandOf(config),
          env: await loadEnvironment(config),
        })
        if (config.command === 'serve' && !isPreview && options.onMiss === 'upscale') {
          throw new MagnificError(
            'BAD_OPTIONS',
            "onMiss: { serve: 'upscale' } is not there yet for Vite's dev server. Use 'preview', 'original' or 'error', and upscale with `vite build`.",
          )
        }
        upscaler = createUpscaler(options, config.logger)
      },
      buildStart: () => upscaler?.begin(),
      async buildEnd(error) {
        if (error) await upscaler?.abort()
      },
      closeBundle: () => upscaler?.end(),
    },
    ...modulePlugins(),
    ...createViteGuards(requireUpscaler),
  ]
}

/** Redirects imports. A worker's build has an instance of its own. */
function createImportPlugin(requireUpscaler: () => Upscaler): Plugin {
  let config: ResolvedConfig
  let loadAsset: AssetLoad | undefined
  return {
    name: 'unplugin-magnific',
    // Before vite:asset, which would take the id.
    enforce: 'pre',
    configResolved(resolved) {
      config = resolved
      loadAsset = findAssetLoad(resolved)
    },
    resolveId: {
      // Only what nobody else could resolve comes here, so that the others cost nothing.
      order: 'post',
      filter: { id: referenceFilter },
      handler(source, importer) {
        const missing = findMissing(source, importer)
        if (missing === undefined) return null
        throw locateError(missingError(missing, importer), source, importer)
      },
    },
    load: {
      // Before plugins that would take any picture.
      order: 'pre',
      filter: { id: referenceFilter },
      async handler(id) {
        const upscaler = requireUpscaler()
        const reference = readReference(id, upscaler)
        if (!reference) return null
        // Before anything can fail: it may be this file whose change mends it.
        this.addWatchFile(reference.file)
        try {
          if (config.command === 'serve') await checkAccess(config, reference.file)
          checkAsset(config, reference.file)
          const variant = await upscaler.upscale(reference)
          const loaded = await loadAsset?.call(this, toModuleId(variant))
          if (loaded) return loaded
          const code = renderRedirect(variant)
          return { code, map: null, moduleType: 'js', moduleSideEffects: false }
        } catch (error) {
          throw locateImport(explainPublicFile(error, reference.file, config), id, this)
        }
      },
    },
  }
}
