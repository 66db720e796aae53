import { MagnificError } from '../core/errors.ts'
import { referenceFilter, splitReference } from '../core/request.ts'
import { mayRefer } from '../scan/may-refer.ts'
import type { Upscaler } from '../upscaler.ts'
import { isOwnUrl } from './redirect.ts'
import { findStyleUrls, findSvgUrls } from './vite/output-scan.ts'

/** Whether an emitted file is one that `findLeft` reads. */
export function isPageOrStyle(fileName: string): boolean {
  return /\.(?:html?|css|svg)$/.test(splitReference(fileName).file)
}

/**
 * Looks into a page, style sheet or SVG that is emitted for references that nobody took for one: templates and style sheets
 * that no plugin reads are shipped as they are written, and an SVG is read by none.
 *
 * @param fileName as it is emitted
 * @returns what the build is to fail with
 */
export async function findLeft(
  fileName: string,
  text: string,
  upscaler: Upscaler,
): Promise<MagnificError[]> {
  if (!referenceFilter.test(text)) return []
  const [, kind = ''] = /\.(css|svg)$/.exec(splitReference(fileName).file) ?? []
  const urls =
    kind === 'css'
      ? findStyleUrls(text)
      : kind === 'svg'
        ? await findSvgUrls(text)
        : [...findStyleUrls(text), ...(await listUrls(text))]
  return urls
    .filter((url) => isOwnUrl(url, { upscaler }))
    .map(
      (url) =>
        new MagnificError(
          'UNSUPPORTED_REFERENCE',
          `"${url}" stands in ${fileName} as it was written: nobody took it for an image of the build. ` +
            wayOut(kind),
        ),
    )
}

function wayOut(kind: string): string {
  if (kind === 'svg') {
    return 'No bundler reads an SVG. Write it into a component, and import the image there.'
  }
  const what =
    kind === 'css' ? 'what style sheets refer to' : 'what pages refer to, such as html-loader'
  return `Use a loader or plugin that bundles ${what}, or import the image in a module and set it from there.`
}

/**
 * Looks into a script that is emitted for calls that the host has left as they are: `import()` of what is known only when it
 * runs, `new URL()` in a place that nobody looked at.
 */
export async function findLeftCalls(
  fileName: string,
  code: string,
  { options: { passthrough } }: Upscaler,
): Promise<MagnificError[]> {
  if (!mayRefer(code)) return []
  const { readSource } = await import('../scan/read-source.ts')
  const settings = { passthrough, wantsImports: false, checksSyntax: false }
  const { references } = readSource('output.js', code, settings)
  return references.map(
    ({ specifier }) =>
      new MagnificError(
        'UNSUPPORTED_REFERENCE',
        `"${specifier}" stands in ${fileName} as it was written: nobody took it for an image of the build. Import the image by its name.`,
      ),
  )
}

async function listUrls(page: string): Promise<string[]> {
  const { findPageAttributes } = await import('../scan/page-attributes.ts')
  return findPageAttributes(page).flatMap(({ urls }) => urls)
}
