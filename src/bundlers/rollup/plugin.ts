import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { LoadResult, Plugin, PluginContext } from 'rollup'
import { placeError } from '../../core/errors.ts'
import { formatOfName } from '../../core/formats.ts'
import { resolveOptions } from '../../core/resolve-options.ts'
import type { Options } from '../../core/options.ts'
import { idFilters, isReference, referenceFilter, splitReference } from '../../core/request.ts'
import { isSingle } from '../../core/single-request.ts'
import { findProjectRoot } from '../../store/layout.ts'
import { createUpscaler } from '../../upscaler.ts'
import type { Reference, Shipment } from '../../shipment.ts'
import type { Upscaler } from '../../upscaler.ts'
import { externalError } from '../external.ts'
import { isToldOnce, locateError, locateImport, renderFailure } from '../host-error.ts'
import { findMissing, missingError } from '../missing.ts'
import { newUrlFilter, replaceUrls } from '../new-url.ts'
import { readReference, toModuleId } from '../redirect.ts'
import { renderShipment, toDataUri } from '../module-code.ts'
import { createNameCheck } from './names.ts'
import { checkBundle } from './output.ts'
import { createSources } from '../sources.ts'
import { stderrLogger } from '../stderr-logger.ts'
import type { HostSources } from '../sources.ts'
import { createTypesPlugin } from '../types.ts'
import { listPaths } from '../vite/entries.ts'
import { findFile } from '../vite/files.ts'

/** What a host beside Rollup has of its own. */
export interface RollupVariety {
  /**
   * Whether the host makes a module of a picture by itself, as its config says.
   *
   * @throws MagnificError where what it makes is not what the query asks for
   */
  takes?(reference: Reference, upscaler: Upscaler): boolean
}

/** Where variants are, whatever the cache directory. */
const variantFilter = /[\\/]v1[\\/]variants[\\/]/

/**
 * The plugin for Rollup, in two parts: one redirects references to files, the other one emits those files after every
 * plugin that handles assets has had its chance to.
 *
 * @throws MagnificError `BAD_OPTIONS` when the build starts
 */
export function createRollupPlugin(
  userOptions: Options = {},
  { takes = () => false }: RollupVariety = {},
): Plugin[] {
  let upscaler: Upscaler | undefined
  const names = createNameCheck()
  /** The build fails: what speaks for all images has been told. */
  let isFailed = false

  /** What the build that runs begins with, and resolves. */
  let host: Omit<HostSources, 'ignored'> | undefined

  const start = ({ meta }: PluginContext): Upscaler => (upscaler ??= open(meta.watchMode))

  /** What the host would not ship is told of where the image is loaded. */
  const isShippable = (reference: Reference, opened: Upscaler): boolean => {
    try {
      takes(reference, opened)
      return true
    } catch {
      return false
    }
  }

  const open = (isWatching: boolean): Upscaler => {
    const options = resolveOptions(userOptions, {
      // Rollup has no root.
      root: findProjectRoot(process.cwd()),
      command: isWatching ? 'serve' : 'build',
      env: process.env,
    })
    const scan = createSources(options, {
      ignored: [],
      findEntries: async () => host?.findEntries(),
      resolve: async (path, importer) => host?.resolve(path, importer),
    })
    return createUpscaler(options, stderrLogger, scan)
  }

  return [
    {
      name: 'unplugin-magnific',
      buildStart({ input }) {
        names.clear()
        isFailed = false
        host = createHost(this, listPaths(input))
        start(this).begin()
        start(this).prefetch()
      },
      resolveId: {
        // Before plugins that would resolve any picture, and forget what its query says.
        order: 'pre',
        filter: { id: [...idFilters, variantFilter] },
        async handler(source, importer, { isEntry, attributes, custom = {} }) {
          if (upscaler?.isVariant(source)) return source
          if (!referenceFilter.test(source) || source.startsWith('\0')) return null
          const { file, query } = splitReference(source)
          if (!isReference(query, start(this).options.passthrough)) return null
          // Rollup knows no queries: the file is resolved by whoever can, and gets its query back.
          const resolved = await this.resolve(file, importer, {
            isEntry,
            attributes,
            custom,
            skipSelf: true,
          })
          if (!resolved) {
            const missing = findMissing(source, importer)
            if (missing === undefined) return null
            throw locateError(missingError(missing, importer), source, importer)
          }
          if (resolved.external) throw locateError(externalError(source), source, importer)
          const id = `${splitReference(resolved.id).file}?${query}`
          // As in Vite: what is cached needs no module in between, and what is not is waited for in `load`.
          const reference = this.meta.watchMode ? undefined : readReference(id, start(this))
          const shipment = reference && start(this).find(reference)
          if (!shipment || !isSingle(shipment) || !isShippable(reference, start(this)))
            return { ...resolved, id }
          const { variants, hostQuery } = dropUrlKey(shipment)
          return { ...resolved, id: toModuleId(variants[0]?.file ?? '', hostQuery) }
        },
      },
      transform: {
        filter: newUrlFilter,
        async handler(code, id) {
          return replaceUrls(code, id, this, start(this))
        },
      },
      async generateBundle(_, bundle) {
        await checkBundle(bundle, start(this), this)
      },
      load: {
        // Before plugins that would take any picture.
        order: 'pre',
        filter: { id: [...idFilters, variantFilter] },
        async handler(id) {
          // The host would not mind what is said of inlining.
          if (upscaler?.isVariant(id) && id.includes('?')) {
            return takes(splitReference(id), upscaler) ? loadVariant(this, id) : null
          }
          const reference = readReference(id, start(this))
          if (!reference) return null
          this.addWatchFile(reference.file)
          try {
            takes(reference, start(this))
            const code = await renderShipment(dropUrlKey(await start(this).upscale(reference)))
            return toModule(code)
          } catch (error) {
            if (isToldOnce(error) && isFailed) return renderFailure(error)
            isFailed = true
            throw locateImport(placeError(error, reference), id, this)
          }
        },
      },
      async buildEnd(error) {
        // Rollup waits for nobody: what is still being polled would keep the process alive.
        if (error) await upscaler?.abort()
        // Not in closeBundle, which is called by those alone who close their bundle.
        await upscaler?.end()
      },
    },
    {
      name: 'unplugin-magnific:emit',
      load: {
        order: 'post',
        filter: { id: variantFilter },
        async handler(id) {
          if (!upscaler?.isVariant(id)) return null
          if (!id.includes('?') && takes({ file: id, query: '' }, upscaler)) return null
          return loadVariant(this, id)
        },
      },
      transform: {
        filter: { id: variantFilter },
        handler(code, id) {
          if (upscaler?.isVariant(id)) names.check(code, id)
          return null
        },
      },
    },
    createTypesPlugin(() => upscaler?.options, stderrLogger),
  ]
}

/** Emits a variant, or makes a data URI of it: Rollup inlines nothing by itself. */
async function loadVariant(context: PluginContext, id: string): Promise<LoadResult> {
  const { file, query } = splitReference(id)
  const source = await readFile(file)
  const value = query.split('&').includes('inline')
    ? JSON.stringify(toDataUri(source, formatOfName(file)))
    : `import.meta.ROLLUP_FILE_URL_${context.emitFile({ type: 'asset', name: basename(file), source })}`
  return toModule(`export default ${value}`)
}

/** What is made is a script: Rolldown would go by the extension. */
function toModule(code: string): LoadResult {
  const module = { code, map: null, moduleSideEffects: false, moduleType: 'js' }
  return module
}

function createHost(
  context: PluginContext,
  inputs: readonly string[],
): Omit<HostSources, 'ignored'> {
  const find = async (path: string, importer?: string): Promise<string | undefined> => {
    const resolved = await context.resolve(path, importer)
    return resolved?.external ? undefined : resolved?.id
  }
  return {
    resolve: find,
    findEntries: async () => {
      const ids = await Promise.all(inputs.map(async (input) => find(input)))
      const files = ids.map((id) => id && findFile(id))
      return files.every((file) => file !== undefined && file !== '')
        ? (files as string[])
        : undefined
    },
  }
}

/** `url` means that the URL is wanted, which plain Rollup always gives, and plugins for assets would not know the file by. */
function dropUrlKey(shipment: Shipment): Shipment {
  const kept = shipment.hostQuery.split('&').filter((part) => part !== 'url')
  return { ...shipment, hostQuery: kept.join('&') }
}
