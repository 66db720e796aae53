import type { Compilation, Compiler } from '@rspack/core'
import type { Upscaler } from '../upscaler.ts'
import { findLeft, isPageOrStyle } from './left-references.ts'
import { pluginName as name } from './loader-plugin.ts'

/** HtmlRspackPlugin leaves its templates as they are, and so do loaders of style sheets that are told to. */
export function checkTexts(
  { rspack }: Compiler,
  compilation: Compilation,
  getUpscaler: () => Upscaler,
): void {
  const stage = rspack.Compilation.PROCESS_ASSETS_STAGE_REPORT
  compilation.hooks.processAssets.tapPromise({ name, stage }, async (assets) => {
    for (const file of Object.keys(assets).filter(isPageOrStyle)) {
      const text = String(assets[file]?.source() ?? '')
      for (const { message } of await findLeft(file, text, getUpscaler())) {
        const error = Object.assign(new Error(message), { hideStack: true })
        compilation.errors.push(error)
      }
    }
  })
}
