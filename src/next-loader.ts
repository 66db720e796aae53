import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { LoaderContext } from 'webpack'
import { readUri, renderShipment, renderUri } from './bundlers/module-code.ts'
import { findImporter } from './bundlers/next/importer.ts'
import { checkHostKeys } from './bundlers/next/host-keys.ts'
import { endsInMark, makeOf, pictureMark } from './bundlers/next/made.ts'
import type { Made } from './bundlers/next/made.ts'
import type { TurbopackLoaderOptions } from './bundlers/next/turbopack-rules.ts'
import { changeState } from './bundlers/next/state.ts'
import { createWorker } from './bundlers/next/worker.ts'
import type { Directives } from './core/directives.ts'
import { MagnificError, placeError } from './core/errors.ts'
import { isReference } from './core/request.ts'
import { isSingle } from './core/single-request.ts'
import { renderVariantQuery } from './core/variant-query.ts'
import { describeVariant } from './shipment.ts'
import type { Reference, Shipment, Variant } from './shipment.ts'
import type { Upscaler } from './upscaler.ts'

type Context = LoaderContext<TurbopackLoaderOptions>

/** Contents are bytes. */
export const raw = true

/** What only a rule takes for a reference stays as it is. */
export default function keep(content: Buffer): Buffer {
  return content
}

/**
 * Answers Turbopack with the upscaled image; or with a module that imports its variants one by one, each of which comes here
 * again. There is no compiler, and nobody says when a build begins or ends.
 *
 * @throws MagnificError
 */
export async function pitch(this: Context): Promise<Buffer | string | undefined> {
  const query = this.resourceQuery.slice(1) + this.resourceFragment
  const { made, stateFile, ...given } = this.getOptions()
  const { upscaler, run, watched } = createWorker(this.rootContext, given)
  if (!isReference(query, upscaler.options.passthrough)) return undefined
  if (isRenamed(this.resourcePath)) return undefined
  this.addDependency(this.resourcePath)
  const reference = { file: this.resourcePath, query }
  // What may come out otherwise must not outlive the moment when it does.
  const expectChange = (): void => {
    changeState(stateFile)
    for (const folder of watched) this.addContextDependency(folder)
  }
  try {
    checkMade(reference, upscaler, made)
    const shipment = await run(async () => upscaler.upscale(reference))
    if (shipment.from === 'preview' || shipment.from === 'original') expectChange()
    if (made === 'script') return await renderModule(reference, shipment, upscaler)
    return await readFile(shipment.variants[0]?.file ?? '')
  } catch (error) {
    expectChange()
    if (!(error instanceof MagnificError)) throw error
    const importer = await findImporter(reference, upscaler.options).catch(() => undefined)
    // Turbopack shows stacks.
    throw Object.assign(placeError(error, { ...reference, importer }) as MagnificError, {
      stack: '',
      cause: undefined,
    })
  }
}

/** What another of our rules has made, under a name that only Turbopack knows: rules are for those names too. */
function isRenamed(file: string): boolean {
  return !existsSync(file) && existsSync(file.slice(0, -extname(file).length))
}

/**
 * Refuses what a rule took for something else: Turbopack would ship it under a wrong name.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
function checkMade(reference: Reference, upscaler: Upscaler, made: Made): void {
  const { file, query } = reference
  const request = upscaler.parse(reference)
  checkHostKeys(request, file)
  const wanted = makeOf(file, request, endsInMark(query))
  if (made === 'script' || made === wanted) return
  // The same extension by another way.
  const [variant] = request.variants
  if (wanted === 'same' && variant?.format === made) return
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    wanted === 'script'
      ? `Turbopack has to see in the query itself that "?${query}" gives more than a picture. Write \`as\` and the lists there, without escapes.`
      : `Turbopack has to see in the query itself that "?${query}" gives another format than the file has. Write format=${wanted} there, without escapes.`,
    { file },
  )
}

/** Each variant is asked for by itself, and comes here again: Next makes an image of it. */
async function renderModule(
  reference: Reference,
  shipment: Shipment,
  upscaler: Upscaler,
): Promise<string> {
  const request = upscaler.parse(reference)
  const [variant] = shipment.variants
  if (request.output.kind === 'lqip') return renderUri(variant)
  const toSpecifier = ({ directives }: Variant): string =>
    `./${basename(reference.file)}?${renderVariantQuery(request, directives, upscaler.options)}&${pictureMark}`
  if (variant && isSingle(shipment) && variant.directives.format === 'avif') {
    const { width, height } = describeVariant(variant, shipment.origin)
    const query = renderVariantQuery(request, toPlaceholder(variant), upscaler.options)
    const tiny = await upscaler.upscale({ ...reference, query })
    return [
      `import image from ${JSON.stringify(toSpecifier(variant))}`,
      `const blurDataURL = ${JSON.stringify(await readUri(tiny.variants[0]))}`,
      `export default { ...image, ${renderSize(width, height)}, blurDataURL }\n`,
    ].join('\n')
  }
  return renderShipment(
    shipment,
    toSpecifier,
    isSingle(shipment) ? undefined : (name) => `${name}.src`,
  )
}

/** As Next has it: the longer side of what is blurred is 8 pixels. */
function renderSize(width: number, height: number): string {
  const blur = (side: number): number =>
    Math.max(1, Math.round((side * 8) / Math.max(width, height)))
  return `width: ${width}, height: ${height}, blurWidth: ${blur(width)}, blurHeight: ${blur(height)}`
}

/** What `placeholder="blur"` shows, where Turbopack makes none. */
function toPlaceholder({ directives }: Variant): Directives {
  const { h: _h, quality: _q, effort: _e, lossless: _l, basePixels: _b, ...kept } = directives
  return { ...kept, w: '16', format: 'webp' }
}
