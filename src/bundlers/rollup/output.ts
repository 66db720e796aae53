import type { OutputBundle, OutputChunk, PluginContext } from 'rollup'
import { limitLogger } from '../../core/logger.ts'
import type { Upscaler } from '../../upscaler.ts'
import { checkImports } from '../external.ts'
import { findLeft, findLeftCalls, isPageOrStyle } from '../left-references.ts'
import { isOwnUrl } from '../redirect.ts'
import { findCodeTexts, toReference } from '../script-texts.ts'
import { textWarning } from '../text-warning.ts'

/**
 * Finds references that are left in what is written, and warns of texts that look like one.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export async function checkBundle(
  bundle: OutputBundle,
  upscaler: Upscaler,
  context: PluginContext,
): Promise<void> {
  for (const output of Object.values(bundle)) {
    const { fileName } = output
    if (output.type === 'chunk') {
      checkImports(output, upscaler.options.passthrough)
      const [error] = await findLeftCalls(fileName, output.code, upscaler)
      if (error) throw error
      warnOfTexts(output, upscaler, context)
    } else if (isPageOrStyle(fileName)) {
      const text = Buffer.from(output.source).toString('utf8')
      const [error] = await findLeft(fileName, text, upscaler)
      if (error) throw error
    }
  }
}

/** The net for what nobody resolves, such as style sheets and pages that plugins put into scripts. */
function warnOfTexts(
  { fileName, code, moduleIds }: OutputChunk,
  upscaler: Upscaler,
  context: PluginContext,
): void {
  const { warn } = limitLogger({ info: () => {}, warn: context.warn }, upscaler.options.logLevel)
  for (const text of new Set(findCodeTexts(code).map((found) => found.text))) {
    if (!isOwnUrl(toReference(text), { upscaler })) continue
    const importer = moduleIds.find((id) => context.getModuleInfo(id)?.code?.includes(text))
    warn(textWarning(text, importer ?? fileName).message)
  }
}
