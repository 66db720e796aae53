import type { LoaderContext } from 'webpack'
import { readTexts } from './bundlers/next/texts.ts'
import type { TextsLoaderOptions } from './bundlers/next/turbopack-rules.ts'

/**
 * Lets a source through as it is, and looks for what no bundler sees in it: texts that are URLs of images with a query of
 * ours.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE` for one that leads to a file in `public`
 */
export default async function inspect(
  this: LoaderContext<TextsLoaderOptions>,
  source: string,
  map?: string,
): Promise<void> {
  const done = this.async()
  try {
    const { rootContext: root, resourcePath: file } = this
    for (const warning of await readTexts(file, source, { ...this.getOptions(), root })) {
      this.emitWarning(Object.assign(warning, { stack: '', hideStack: true }))
    }
    done(null, source, map)
  } catch (error) {
    done(Object.assign(error as Error, { stack: '', hideStack: true }))
  }
}
