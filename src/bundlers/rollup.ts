import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Plugin, PluginContext } from 'rollup'
import { MagnificError } from '../core/errors.ts'
import { formatOfName } from '../core/formats.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import type { Options } from '../core/options.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import { isSingle } from '../core/single-request.ts'
import { findProjectRoot } from '../store/layout.ts'
import { createUpscaler } from '../upscaler.ts'
import type { Shipment } from '../shipment.ts'
import type { Upscaler } from '../upscaler.ts'
import { checkImports, externalError } from './external.ts'
import { locateError, locateImport } from './host-error.ts'
import { findMissing, missingError } from './missing.ts'
import { readReference, toModuleId } from './redirect.ts'
import { renderShipment } from './module-code.ts'
import { createSources } from './sources.ts'
import type { HostSources } from './sources.ts'
import { createTypesPlugin } from './types.ts'
import { listPaths } from './vite/entries.ts'
import { findFile } from './vite/files.ts'

/**
 * The plugin for Rollup, in two parts: one redirects references to files, the other one emits those files after every
 * plugin that handles assets has had its chance to.
 *
 * @throws MagnificError `BAD_OPTIONS` when the build starts
 */
export function createRollupPlugin(userOptions: Options = {}): Plugin[] {
  let upscaler: Upscaler | undefined
  /** What another plugin makes of variants, by the code that it writes. */
  const emitted = new Map<string, string>()

  /** What the build that runs begins with, and resolves. */
  let host: Omit<HostSources, 'ignored'> | undefined

  const start = ({ meta }: PluginContext): Upscaler => (upscaler ??= open(meta.watchMode))

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
    return createUpscaler(options, { info: writeLine, warn: writeLine }, scan)
  }

  return [
    {
      name: 'unplugin-magnific',
      buildStart({ input }) {
        emitted.clear()
        host = createHost(this, listPaths(input))
        start(this).begin()
        start(this).prefetch()
      },
      async resolveId(source, importer, { isEntry, attributes, custom = {} }) {
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
        if (!shipment || !isSingle(shipment)) return { ...resolved, id }
        const { variants, hostQuery } = dropUrlKey(shipment)
        return { ...resolved, id: toModuleId(variants[0]?.file ?? '', hostQuery) }
      },
      generateBundle(_, bundle) {
        for (const output of Object.values(bundle)) {
          if (output.type === 'chunk') checkImports(output, start(this).options.passthrough)
        }
      },
      load: {
        // Before plugins that would take any picture.
        order: 'pre',
        async handler(id) {
          const reference = readReference(id, start(this))
          if (!reference) return null
          this.addWatchFile(reference.file)
          try {
            const code = await renderShipment(dropUrlKey(await start(this).upscale(reference)))
            return { code, map: null, moduleSideEffects: false }
          } catch (error) {
            throw locateImport(error, id, this)
          }
        },
      },
      async buildEnd(error) {
        // Rollup waits for nobody: what is still being polled would keep the process alive.
        if (error) await upscaler?.abort()
        // Not in closeBundle, which is called by those alone who close their bundle.
        upscaler?.end()
      },
    },
    {
      name: 'unplugin-magnific:emit',
      load: {
        order: 'post',
        async handler(id) {
          if (!upscaler?.isVariant(id)) return null
          const { file, query } = splitReference(id)
          const source = await readFile(file)
          const value = query.split('&').includes('inline')
            ? JSON.stringify(renderDataUri(file, source))
            : `import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: basename(file), source })}`
          return { code: `export default ${value}`, map: null, moduleSideEffects: false }
        },
      },
      transform(code, id) {
        // @rollup/plugin-url copies to that name, which may lead back to the variant itself, and cut it off.
        if (!upscaler?.isVariant(id)) return null
        if (code.includes('v1/variants/')) throw nameError(code)
        // Variants of an image differ in their folders only, until a hash is in their names.
        const other = emitted.get(code)
        if (other !== undefined && !isSameFile(other, id)) throw sameNameError(code)
        emitted.set(code, id)
        return null
      },
    },
    createTypesPlugin(() => upscaler?.options, { info: writeLine, warn: writeLine }),
  ]
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

/** Rollup inlines nothing by itself, so `?inline` is on us. */
function renderDataUri(file: string, source: Buffer): string {
  return `data:image/${formatOfName(file)};base64,${source.toString('base64')}`
}

function writeLine(message: string): void {
  process.stderr.write(`${message}\n`)
}

/** `url` means that the URL is wanted, which plain Rollup always gives, and plugins for assets would not know the file by. */
function dropUrlKey(shipment: Shipment): Shipment {
  const kept = shipment.hostQuery.split('&').filter((part) => part !== 'url')
  return { ...shipment, hostQuery: kept.join('&') }
}

function isSameFile(one: string, other: string): boolean {
  const [own, others] = [one, other].map((id) => splitReference(id).file)
  return own === others || readFileSync(own ?? '').equals(readFileSync(others ?? ''))
}

function sameNameError(code: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `A plugin for assets would emit two variants under one name: ${code.trim()}. ` +
      "Put a hash into the names; with @rollup/plugin-url, fileName: '[name]-[hash][extname]'.",
  )
}

function nameError(code: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `A plugin for assets would emit the upscaled image under its path in the cache: ${code.trim()}. ` +
      "Name assets without their folder; with @rollup/plugin-url, fileName: '[name]-[hash][extname]'.",
  )
}
