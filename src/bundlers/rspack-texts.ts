import type { Compilation, Compiler } from '@rspack/core'
import { MagnificError } from '../core/errors.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import { pluginName as name } from './loader-plugin.ts'

/**
 * Looks into pages and style sheets that are emitted for references that nobody took for one: HtmlRspackPlugin leaves its
 * templates as they are, and so do loaders of style sheets that are told to.
 */
export function checkTexts(
  { rspack }: Compiler,
  compilation: Compilation,
  passthrough: readonly string[],
): void {
  const isLeft = (url: string): boolean =>
    !/^(?:[a-z][\w+.-]*:|\/\/)/i.test(url) && isReference(splitReference(url).query, passthrough)
  const stage = rspack.Compilation.PROCESS_ASSETS_STAGE_REPORT
  compilation.hooks.processAssets.tapPromise({ name, stage }, async (assets) => {
    for (const file of Object.keys(assets)) {
      const [, kind] = /\.(html?|css)$/.exec(file.replace(/\?.*/, '')) ?? []
      const text = kind === undefined ? '' : String(assets[file]?.source() ?? '')
      if (!referenceFilter.test(text)) continue
      const urls = kind === 'css' ? listUrls(text) : await listAttributes(text)
      const errors = urls.filter(isLeft).map((url) => leftError(url, file))
      compilation.errors = [...compilation.errors, ...(errors as never[])]
    }
  })
}

function listUrls(style: string): string[] {
  return [...style.matchAll(/url\(\s*["']?([^"')]+)/gi)].map(([, url = '']) => url)
}

async function listAttributes(page: string): Promise<string[]> {
  const { findPageAttributes } = await import('../scan/page-attributes.ts')
  return findPageAttributes(page).flatMap(({ urls }) => urls)
}

function leftError(url: string, file: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${url}" stands in ${file} as it was written: no loader took it for an image. ` +
      (file.endsWith('.css')
        ? 'Let style sheets be read with their url().'
        : 'Let html-loader read the page, or import the image in a module and set the attribute from there.'),
  )
}
