import type { Compilation, Module } from 'webpack'
import { limitLogger } from '../../core/logger.ts'
import type { Upscaler } from '../../upscaler.ts'
import { findLeft, isPageOrStyle } from '../left-references.ts'
import { isOwnUrl } from '../redirect.ts'
import { findTexts } from '../script-texts.ts'
import { textWarning } from '../text-warning.ts'
import { checkScript, mayHoldReference } from './emitted-scripts.ts'
import type { ScriptFinding } from './emitted-scripts.ts'
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
      } else if (file.endsWith('.webmanifest')) {
        for (const { text } of findTexts(read(file))) {
          if (!isOwnUrl(text, { upscaler })) continue
          tell(compilation, upscaler, { error: textWarning(text, file), isWarning: true })
        }
      } else if (readsScripts && /\.[cm]?js$/.test(file)) {
        const code = read(file)
        if (!mayHoldReference(code)) continue
        for (const finding of await checkScript(file, code, compilation, upscaler)) {
          tell(compilation, upscaler, finding)
        }
      }
    }
  })
}

function tell(
  { errors, warnings }: Compilation,
  { options }: Upscaler,
  { error, module, isWarning }: ScriptFinding,
): void {
  const told = toHostError(error.message, module)
  const warn = (): void => void warnings.push(told)
  if (isWarning) limitLogger({ info: warn, warn }, options.logLevel).warn('')
  else errors.push(told)
}

/** webpack prints stacks unless it is told that the message says it all. */
function toHostError(message: string, module?: Module): Compilation['errors'][number] {
  return Object.assign(new Error(message), { hideStack: true, ...(module && { module }) })
}
