import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Environment, Plugin } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { idFilters, isReference, referenceFilter, splitReference } from '../../core/request.ts'
import type { Request } from '../../core/request.ts'
import type { Reference } from '../../shipment.ts'
import { readContentImport } from '../astro/content.ts'
import { isToldOnce, locateError, locateImport, renderFailure } from '../host-error.ts'
import { missingError } from '../missing.ts'
import { isElsewhere, readReference } from '../redirect.ts'
import { findAssetLoad, mayLoadDirectly } from './asset.ts'
import { createAssetOwner } from './dev/assets.ts'
import type { AssetOwner } from './dev/assets.ts'
import { enhancedKeysOf, isEnhanced, shipEnhanced } from './enhanced.ts'
import { escapePath, findFile } from './files.ts'
import { createModuleLoader } from './modules.ts'
import type { ModuleLoader } from './modules.ts'
import { checkAccess, hasForeignHook, isPublicUrl, publicFileError } from './project.ts'
import { examine, isServed } from './session.ts'
import type { Session } from './session.ts'

/**
 * Imports of references become the variant's file in a build. In a dev server they become the URL that Vite gives any
 * picture, and the middleware makes what it leads to: no module waits for pixels.
 */
export function createImportPlugin(requireSession: () => Session): Plugin {
  let modules: ModuleLoader | undefined
  let owner: AssetOwner | undefined
  /** Where a build has failed over an image already. */
  const failed = new WeakSet<Environment>()

  return {
    name: 'unplugin-magnific',
    // Before vite:asset, which would take the id.
    enforce: 'pre',
    configResolved(config) {
      moveToFront(config.plugins as Plugin[], ['unplugin-magnific:queries', 'unplugin-magnific'])
      const loadAsset = findAssetLoad(config)
      modules = createModuleLoader(loadAsset, mayLoadDirectly(config))
      if (config.command === 'serve' && loadAsset) owner = createAssetOwner(loadAsset)
    },
    buildStart() {
      failed.delete(this.environment)
    },
    resolveId: {
      // Only what nobody else could resolve comes here, so that the others cost nothing.
      order: 'post',
      filter: { id: idFilters },
      handler(source, importer) {
        const session = requireSession()
        const { file: path, query } = splitReference(source)
        if (!isReference(query, session.upscaler.options.passthrough)) return null
        const places = findPlaces(path, importer, session.config.root)
        const file = places.map((place) => findFile(place)).find((found) => found !== undefined)
        if (file !== undefined) return `${escapePath(file)}?${query}`
        const [missing] = places
        if (missing === undefined && !session.dev && !isElsewhere(source)) {
          throw locateError(packageError(path, fileOf(importer)), source, importer)
        }
        if (missing === undefined || isAbsolute(path)) return null
        noteImport(`${missing}?${query}`, importer, session)
        session.dev?.known.markMissing(missing)
        throw locateError(missingError(missing, importer), source, importer)
      },
    },
    load: {
      // Before plugins that would take any picture.
      order: 'pre',
      filter: { id: idFilters },
      async handler(id) {
        const session = requireSession()
        const read = readReference(id, session.upscaler)
        if (!read) return null
        // A path without escapes means one file at most.
        const file = read.file.includes('%') ? (findFile(read.file) ?? read.file) : read.file
        const reference = { ...read, file }
        const { dev } = session
        // Before anything can fail: it may be this file whose change mends it. A dev server watches its modules' files, and a
        // build that ends needs no watching. Environments are watched each by itself.
        if (!dev && this.environment.config.build.watch) this.addWatchFile(reference.file)
        try {
          if (!dev) return await modules?.loadShipment(this, reference, session)
          await checkAccess(session.config, reference.file, reference.query)
          await examine(reference, session)
          if (isServed(session, this.environment)) {
            // A placeholder is so by itself.
            const isInline = isInlined(session.upscaler.parse(reference))
            // Nothing is made for a request by hand: the URL costs nothing.
            const isKnown = dev.known.has(reference)
            if (isInline && !isKnown) throw strangerError(reference)
            const isUrl =
              !isInline &&
              (!isKnown || (await owner?.isVite(this, this.environment, reference.file)))
            if (isUrl) return await modules?.loadServed(this, id, reference, session)
          }
          return await modules?.loadShipment(this, reference, session)
        } catch (error) {
          if (!dev) {
            const { environment } = this
            if (isToldOnce(error) && failed.has(environment)) return renderFailure(error)
            failed.add(environment)
            throw locateImport(error, id, this)
          }
          dev.known.markMissing(reference.file)
          // Who imports what is told by a bundler, and not by a dev server.
          throw locateError(error, id, dev.known.importersOf(reference.file)[0])
        }
      },
    },
  }
}

/**
 * Gives a reference its query back where another plugin resolves it and forgets that there was one. In a dev server it
 * also notes who imports what.
 */
export function createQueryPlugin(requireSession: () => Session): Plugin {
  const isOwn = (id: string): boolean =>
    isReference(splitReference(id).query, requireSession().upscaler.options.passthrough)
  const resolveId: Plugin['resolveId'] = {
    order: 'pre',
    filter: { id: idFilters },
    async handler(source, importer, options) {
      if (!isOwn(source)) return null
      const session = requireSession()
      const { config } = session
      const { reference: written = source, plain = source } = readContentImport(source) ?? {}
      const resolved = await this.resolve(plain, importer, { ...options, skipSelf: true })
      if (!resolved || resolved.external) return resolved
      const { file: path } = splitReference(resolved.id)
      // What is upscaled already is not bought a second time, whoever asks.
      if (session.upscaler.isVariant(path)) return resolved
      if (!isAbsolute(path)) {
        const { file } = splitReference(source)
        const error = isPublicUrl(config, file)
          ? publicFileError(config, file)
          : virtualError(source, resolved.id)
        throw locateError(error, source, importer)
      }
      const { query } = splitReference(isOwn(resolved.id) ? resolved.id : written)
      const id = `${path}?${query}`
      noteImport(id, importer, session)
      if (importer !== undefined && isEnhanced(query, session) && !isRequest(importer, session)) {
        const reference = {
          file: findFile(path) ?? path,
          query,
          importer: splitReference(importer).file,
        }
        return { ...resolved, id: await shipEnhanced(reference, source, session) }
      }
      return { ...resolved, id: config.command === 'serve' ? escapeId(id) : id }
    },
  }
  const plugin: Plugin = {
    name: 'unplugin-magnific:queries',
    enforce: 'pre',
    configResolved(config) {
      // Vite itself keeps the query: no need to ask for each image.
      const isNeeded = hasForeignHook(config, 'resolveId') || enhancedKeysOf(config).length > 0
      if (config.command === 'build' && !isNeeded) {
        delete plugin.resolveId
      } else {
        // The same plugin may stand in another config that did without.
        plugin.resolveId = resolveId
      }
    },
    resolveId,
  }
  return plugin
}

/** Whoever takes any picture takes those that nobody asks to upscale, wherever it stands in the config. */
function moveToFront(plugins: Plugin[], names: readonly string[]): void {
  const own = plugins.filter(({ name }) => names.includes(name))
  const others = plugins.filter(({ name }) => !names.includes(name))
  plugins.splice(0, plugins.length, ...own, ...others)
}

/**
 * Whether what a dev server calls an importer may be nobody but a request by hand: that has one too, the page at the root, as
 * if it held a module. And what a module is asked for with is text of the request.
 */
function isRequest(importer: string, { config, dev }: Session): boolean {
  return (
    dev !== undefined &&
    (importer === join(config.root, 'index.html') || referenceFilter.test(importer))
  )
}

function noteImport(id: string, importer: string | undefined, session: Session): void {
  const { dev, upscaler } = session
  if (!dev || importer === undefined || isRequest(importer, session)) return
  const reference = readReference(id, upscaler)
  if (!reference) return
  dev.known.add({
    ...reference,
    file: findFile(reference.file) ?? reference.file,
    importer: fileOf(importer),
  })
}

function fileOf(id: string | undefined): string | undefined {
  return id === undefined ? undefined : splitReference(id).file
}

function strangerError({ file }: Reference): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    'No module of this project imports this image with this query. Import it, and load the page that does.',
    { file },
  )
}

/** Whether a module holds the picture itself. */
function isInlined({ hostQuery }: Request): boolean {
  return hostQuery.split('&').includes('inline')
}

/** Some versions of Vite take what they do not find for external. */
function packageError(path: string, importer: string | undefined): MagnificError {
  return new MagnificError(
    'SOURCE_MISSING',
    `"${path}" is found neither as an alias nor in a package. Install the package, or check the path: a file beside the module begins with "./".`,
    { importer },
  )
}

/** What is no file has nobody to upscale it, and leads to the original, or to nothing. */
function virtualError(source: string, id: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${source}" is resolved to "${id.replace('\0', '')}" by another plugin, which is no file of your sources. Import the image by its path, and without that plugin.`,
  )
}

/** Where the file of a specifier may be, unless it is a package's. */
function findPlaces(path: string, importer: string | undefined, root: string): string[] {
  if (isAbsolute(path)) return [path, join(root, path)]
  const from = fileOf(importer)
  return /^\.\.?[/\\]/.test(path) && from !== undefined && isAbsolute(from)
    ? [resolve(dirname(from), path)]
    : []
}

/** In a dev server ids become URLs. */
function escapeId(id: string): string {
  const { file, query } = splitReference(id)
  // One that was escaped by us comes here again, as it was asked for.
  return findFile(file) === file ? `${escapePath(file)}?${query}` : id
}
