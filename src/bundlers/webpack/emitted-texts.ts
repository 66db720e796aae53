import type { Compilation } from 'webpack'
import type { Upscaler } from '../../upscaler.ts'
import { findLeft, isPageOrStyle } from '../left-references.ts'
import { pluginName as name } from './loader-plugin.ts'

/**
 * The last net of webpack and Rspack: plugins for pages leave their templates as they are, and so do loaders of style sheets that
 * are told to.
 *
 * @param stage of the host's own, when all assets are there
 */
export function checkTexts(
  compilation: Compilation,
  stage: number,
  getUpscaler: () => Upscaler,
): void {
  compilation.hooks.processAssets.tapPromise({ name, stage }, async (assets) => {
    // Where a build has failed, style sheets hold what could not be replaced.
    if (compilation.errors.length > 0) return
    for (const file of Object.keys(assets).filter(isPageOrStyle)) {
      const text = String(assets[file]?.source() ?? '')
      for (const { message } of await findLeft(file, text, getUpscaler())) {
        const error = Object.assign(new Error(message), { hideStack: true })
        compilation.errors.push(error)
      }
    }
  })
}
