import type { Rolldown } from 'vite'
import type { Output } from '../../core/outputs.ts'
import { renderVariantQuery } from '../../core/variant-query.ts'
import { describeVariant } from '../../shipment.ts'
import type { Reference } from '../../shipment.ts'
import { isSingle } from '../../core/single-request.ts'
import { renderOutput, renderShipment } from '../module-code.ts'
import type { ModuleImage } from '../module-code.ts'
import { toModuleId } from '../redirect.ts'
import type { AssetLoad } from './asset.ts'
import { clientImport } from './dev/client.ts'
import { escapePath } from './files.ts'
import { isTestRun } from './project.ts'
import { ship } from './session.ts'
import type { Session } from './session.ts'

/** Writes the modules that references become. */
export interface ModuleLoader {
  /** One that leads to files. */
  loadShipment(
    context: Rolldown.PluginContext,
    reference: Reference,
    session: Session,
  ): Promise<Rolldown.LoadResult>
  /**
   * One that leads to URLs of a dev server, where nothing is made before its URL is asked for.
   *
   * @param id as Vite asks for it
   */
  loadServed(
    context: Rolldown.PluginContext,
    id: string,
    reference: Reference,
    session: Session,
  ): Promise<Rolldown.LoadResult>
}

/** @param loadAsset the `load` of Vite's own plugin; @param isDirect see `mayLoadDirectly` */
export function createModuleLoader(
  loadAsset: AssetLoad | undefined,
  isDirect: boolean,
): ModuleLoader {
  /** The code of an expression: what Vite exports for an image. */
  const loadUrl = async (
    context: Rolldown.PluginContext,
    id: string,
  ): Promise<string | undefined> => {
    const loaded = await loadAsset?.call(context, id)
    const code = typeof loaded === 'string' ? loaded : loaded?.code
    return code === undefined ? undefined : /^export default (".*?");?\s*$/.exec(code)?.[1]
  }

  /** @returns `undefined` where Vite writes something else than a URL */
  const loadOutput = async (
    context: Rolldown.PluginContext,
    output: Output,
    images: readonly (Omit<ModuleImage, 'url'> & { id: string })[],
  ): Promise<string | undefined> => {
    const loaded = await Promise.all(
      images.map(async ({ id, ...image }) => ({ ...image, url: await loadUrl(context, id) })),
    )
    const own = loaded.filter((image): image is ModuleImage => image.url !== undefined)
    return own.length === images.length ? renderOutput(output, own) : undefined
  }

  return {
    loadShipment: async (context, reference, session) => {
      const shipment = await ship(reference, session)
      const { variants, output, hostQuery, origin } = shipment
      let code: string | undefined
      if (isDirect && isSingle(shipment)) {
        const id = toModuleId(variants[0]?.file ?? '', hostQuery)
        const loaded = await loadAsset?.call(context, id)
        if (loaded) return loaded
      } else if (isDirect) {
        const images = variants.map((variant) => ({
          ...describeVariant(variant, origin),
          id: toModuleId(variant.file, hostQuery),
        }))
        code = await loadOutput(context, output, images)
      }
      // Of an image, some frameworks export more than the URL.
      code ??= isSingle(shipment)
        ? await renderShipment(shipment)
        : await renderShipment(shipment, ({ file }) => toModuleId(file, hostQuery || 'url'))
      return { code, map: null, moduleType: 'js', moduleSideEffects: false }
    },

    loadServed: async (context, id, reference, { config, upscaler, dev }) => {
      const request = upscaler.parse(reference)
      // A test is over before anything could be swapped.
      const isPage = context.environment.name === 'client' && !isTestRun(config)
      const client = isPage ? clientImport : ''
      if (isSingle(request)) {
        const loaded = await loadAsset?.call(context, id)
        if (typeof loaded !== 'object' || loaded === null) return loaded
        return { ...loaded, code: client + loaded.code }
      }
      const { file } = reference
      const planned = await upscaler.plan(reference)
      const touchedAt = dev?.known.touchedAt(file)
      const images = planned.map((image) => {
        const query = renderVariantQuery(request, image.directives, upscaler.options)
        // What a request by hand asks for is not referred to by the project.
        if (dev?.known.has(reference)) dev.known.add({ file, query })
        const time = touchedAt === undefined ? '' : `&t=${touchedAt}`
        return { ...image, id: `${escapePath(file)}?${query}${time}` }
      })
      const code = await loadOutput(context, request.output, images)
      if (code === undefined) throw new Error('Vite gives no URL for this image.')
      return { code: client + code, map: null, moduleType: 'js', moduleSideEffects: false }
    },
  }
}
