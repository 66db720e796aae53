import type { Compilation, Module } from 'webpack'
import { limitLogger } from '../../core/logger.ts'
import type { Upscaler } from '../../upscaler.ts'
import { findLeft, isPageOrStyle } from '../left-references.ts'
import { checkScript, mayHoldReference } from './emitted-scripts.ts'
import { pluginName as name } from './loader-plugin.ts'

/** What the net is told of its host. */
export interface TextSettings {
  /** Of the host's own, when all assets are there. */
  stage: number
  /** A framework may look at its scripts by itself. */
  readsScripts: boolean
  getUpscaler: () => Upscaler
}

/**
 * The last net of webpack and Rspack: plugins for pages leave their templates as they are, loaders of style sheets do so that
 * are told to, and in scripts there are texts that nobody resolves.
 */
export function checkTexts(
  compilation: Compilation,
  { stage, readsScripts, getUpscaler }: TextSettings,
): void {
  compilation.hooks.processAssets.tapPromise({ name, stage }, async (assets) => {
    // Where a build has failed, style sheets hold what could not be replaced.
    if (compilation.errors.length > 0) return
    const upscaler = getUpscaler()
    const read = (file: string): string => String(assets[file]?.source() ?? '')
    for (const file of Object.keys(assets)) {
      if (isPageOrStyle(file)) {
        for (const { message } of await findLeft(file, read(file), upscaler)) {
          compilation.errors.push(toHostError(message))
        }
      } else if (readsScripts && /\.[cm]?js$/.test(file)) {
        const code = read(file)
        if (mayHoldReference(code)) await tellOfScript(file, code, compilation, upscaler)
      }
    }
  })
}

async function tellOfScript(
  file: string,
  code: string,
  compilation: Compilation,
  upscaler: Upscaler,
): Promise<void> {
  const { errors, warnings } = compilation
  for (const { error, module, isWarning } of await checkScript(file, code, compilation, upscaler)) {
    const told = toHostError(error.message, module)
    const warn = (): void => void warnings.push(told)
    if (isWarning) limitLogger({ info: warn, warn }, upscaler.options.logLevel).warn('')
    else errors.push(told)
  }
}

/** webpack prints stacks unless it is told that the message says it all. */
function toHostError(message: string, module?: Module): Compilation['errors'][number] {
  return Object.assign(new Error(message), { hideStack: true, ...(module && { module }) })
}
