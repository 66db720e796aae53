import type { LoaderContext } from 'webpack'
import { checkStyle, isStyle } from './bundlers/next/styles.ts'
import { readTexts } from './bundlers/next/texts.ts'
import type { TextsLoaderOptions } from './bundlers/next/turbopack-rules.ts'
import { changeState } from './bundlers/next/state.ts'
import { createWorker } from './bundlers/next/worker.ts'

/**
 * Lets a source through as it is, and looks for what no bundler sees in it: texts that are URLs of images with a query of
 * ours; and in style sheets, what Turbopack does not see.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE` for one that leads to a file in `public`, and in style sheets
 */
export default async function inspect(
  this: LoaderContext<TextsLoaderOptions>,
  source: string,
  map?: string,
): Promise<void> {
  const done = this.async()
  try {
    const { rootContext: root, resourcePath: file } = this
    const { turbopack } = this.getOptions()
    if (turbopack && isStyle(file)) await checkStyle(file, source, createWorker(root, turbopack))
    const warnings = isStyle(file)
      ? []
      : await readTexts(file, source, { ...this.getOptions(), root })
    for (const warning of warnings) {
      this.emitWarning(plain(warning))
    }
    done(null, source, map)
  } catch (error) {
    // What is in `public`, or in the options, may be another thing the next time.
    const { turbopack } = this.getOptions()
    if (turbopack) changeState(turbopack.stateFile)
    done(plain(error as Error))
  }
}

/** Without a stack, which hosts print; and an error that webpack can write into its cache. */
function plain({ name, message }: Error): Error {
  return Object.assign(new Error(message), { name, stack: '', hideStack: true })
}
