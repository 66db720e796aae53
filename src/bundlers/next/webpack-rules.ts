import type { ResolvedOptions } from '../../core/options.ts'
import { referenceFilter } from '../../core/request.ts'
import { findLoader, scriptPattern } from './turbopack-rules.ts'
import type { TextsLoaderOptions } from './turbopack-rules.ts'

/** Extensions that Next makes no images of, and that are those of images when they have been upscaled. */
const otherImages = /\.(?:jpe|jfif|pjpeg|pjp|tiff?|heic|heif)$/i

/**
 * What Next's webpack lacks: its image modules for more extensions, and a look at sources.
 *
 * @param rules those of Next and of the user
 */
export function createWebpackRules(
  rules: readonly unknown[],
  { passthrough }: ResolvedOptions,
  basePath: string,
): unknown[] {
  const options: TextsLoaderOptions = { passthrough, basePath }
  const texts = {
    test: scriptPattern,
    exclude: /node_modules/,
    enforce: 'pre',
    use: [{ loader: findLoader('next-texts-loader.js'), options }],
  }
  const image = rules.find(
    (rule): rule is { resourceQuery?: object } =>
      typeof rule === 'object' &&
      rule !== null &&
      'loader' in rule &&
      rule.loader === 'next-image-loader',
  )
  if (!image) return [texts]
  return [
    texts,
    {
      ...image,
      test: otherImages,
      resourceQuery: { and: [referenceFilter, image.resourceQuery ?? {}] },
    },
  ]
}
