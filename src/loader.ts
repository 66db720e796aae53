import { readFile } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { LoaderContext } from 'webpack'
import type { LoaderOptions } from './bundlers/webpack/loader-plugin.ts'
import { renderShipment, renderUri } from './bundlers/module-code.ts'
import { checkHostKeys } from './bundlers/next/host-keys.ts'
import { isSingle } from './core/single-request.ts'
import { MagnificError } from './core/errors.ts'
import { renderVariantQuery } from './core/variant-query.ts'
import type { Reference, Shipment } from './shipment.ts'
import type { Upscaler } from './upscaler.ts'

// The one of node:fs/promises takes three times as long.
const read = promisify(readFile)

/** Contents are bytes. */
export const raw = true

/**
 * Answers with the upscaled image before webpack has read the original; or with a module that imports its variants one by
 * one, each of which comes here again.
 *
 * @throws MagnificError
 */
export async function pitch(
  this: LoaderContext<LoaderOptions>,
): Promise<Buffer | string | undefined> {
  const { upscaler, host, urlField } = this.getOptions()
  if (isRemembered(this)) this.addDependency(this.resourcePath)
  try {
    const reference = {
      file: this.resourcePath,
      query: this.resourceQuery.slice(1) + this.resourceFragment,
      importer: host ? host.findImporter(this) : findIssuer(this),
    }
    host?.admit(this, reference)
    if (urlField !== undefined) checkHostKeys(upscaler.parse(reference), reference.file)
    const shipment = await upscaler.upscale(reference)
    // What stands in for a result must not outlive the moment when there is one.
    if (shipment.from === 'preview' || shipment.from === 'original') this.cacheable(false)
    if (!isSingle(shipment)) {
      return await renderModule(reference, shipment, upscaler, urlField)
    }
    const [variant] = shipment.variants
    if (urlField !== undefined && shipment.output.kind === 'lqip') return await renderUri(variant)
    // Loaders that name files, such as file-loader, go by it.
    if (variant) this.resourcePath = join(dirname(reference.file), basename(variant.file))
    return await read(variant?.file ?? '')
  } catch (error) {
    if (!(error instanceof MagnificError)) throw error
    host?.note(error)
    // webpack prints stacks unless it is told that the message says it all.
    throw Object.assign(error, { hideStack: true })
  }
}

/** Each variant is asked for by itself, and comes here again: so the user's rules apply to it. */
async function renderModule(
  reference: Reference,
  shipment: Shipment,
  upscaler: Upscaler,
  urlField?: string,
): Promise<string> {
  const request = upscaler.parse(reference)
  // webpack takes a # for the beginning of a fragment.
  const path = reference.file.replaceAll('#', '\0#')
  return renderShipment(
    shipment,
    ({ directives }) => `${path}?${renderVariantQuery(request, directives, upscaler.options)}`,
    urlField === undefined ? undefined : (name) => `${name}.${urlField}`,
  )
}

/**
 * Whether webpack has a use for what a module depends on: it watches, or keeps modules for another build. Elsewhere it would
 * read and hash the original, and hold it in memory, for a snapshot that nobody looks at.
 */
function isRemembered({ _compiler }: LoaderContext<LoaderOptions>): boolean {
  // What compiles for another compiler, as plugins for style sheets do, does not know by itself that it is watched.
  return !_compiler || _compiler.root.watchMode || _compiler.options.cache !== false
}

function findIssuer({ _compilation, _module }: LoaderContext<LoaderOptions>): string | undefined {
  const issuer = _module && _compilation?.moduleGraph.getIssuer(_module)
  return issuer && 'resource' in issuer ? String(issuer.resource) : undefined
}
