import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Compiler, WebpackPluginInstance } from 'webpack'
import { MagnificError, placeError } from '../core/errors.ts'
import { sha256 } from '../core/fingerprint.ts'
import { nameVariant } from '../core/formats.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import type { Logger } from '../core/logger.ts'
import type { Options, ResolvedOptions } from '../core/options.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { Request } from '../core/request.ts'
import { checkSingle, isSingle } from '../core/single-request.ts'
import type { Report } from '../report.ts'
import { createUpscaler } from '../upscaler.ts'
import type { Upscaler } from '../upscaler.ts'
import { isKeyMissing } from './host-error.ts'
import { findMissing, missingError } from './missing.ts'
import { createWebpackSources } from './webpack-sources.ts'
import { tapTypes } from './webpack-types.ts'

/** What the loader is handed by the plugin. */
export interface LoaderOptions {
  upscaler: Upscaler
  /** See `WebpackHost`. */
  urlField?: string | undefined
}

/** A framework that brings webpack along, and has ways of its own. */
export interface WebpackHost {
  /** Where it wants to be told things. */
  logger: Logger
  /** What builds did is added to: they may be several that belong together. */
  createReport: (options: ResolvedOptions) => Report
  /** The field of its image modules that holds the URL. */
  urlField: string
}

// webpack has this type and does not export it.
type NormalModuleFactory = Parameters<
  Parameters<Compiler['hooks']['normalModuleFactory']['tap']>[1]
>[0]

/** Whether what has a query, or is one with its question mark, asks for us. */
type ReferenceTest = (request: string) => boolean

const name = 'unplugin-magnific'
/** Marks a module whose type is ours. */
const provided = 'magnificProvidedType'
const loader = fileURLToPath(new URL('loader.js', import.meta.url))

/**
 * The plugin for webpack: a raw loader that swaps the content. The module's id, type and rules stay the user's, so that
 * naming, inlining and public path do too.
 *
 * @throws MagnificError `BAD_OPTIONS` when it is applied
 */
export function createWebpackPlugin(
  userOptions: Options = {},
  host?: WebpackHost,
): WebpackPluginInstance {
  return {
    apply(compiler: Compiler) {
      const findCommand = (): ResolvedOptions['command'] =>
        compiler.watchMode || compiler.options.mode === 'development' ? 'serve' : 'build'
      // Refused at start-up; resolved for good when webpack has told whether it watches.
      const resolve = (): ResolvedOptions =>
        resolveOptions(userOptions, {
          root: compiler.context,
          command: findCommand(),
          env: process.env,
        })
      const options = resolve()
      const isOurs: ReferenceTest = (request) =>
        referenceFilter.test(request) &&
        isReference(splitReference(request).query, options.passthrough)
      const logger = host?.logger ?? splitLines(compiler.getInfrastructureLogger(name))
      let upscaler: Upscaler | undefined
      const loaderOptions: LoaderOptions = {
        get upscaler() {
          if (upscaler?.options.command !== findCommand()) {
            const resolved = resolve()
            const sources = createWebpackSources(compiler, resolved)
            upscaler = createUpscaler(resolved, logger, sources, host?.createReport(resolved))
          }
          return upscaler
        },
        urlField: host?.urlField,
      }

      compiler.options.module.rules.push({
        resourceQuery: isOurs,
        enforce: 'pre',
        use: [{ loader, options: loaderOptions, ident: identOf(options) }],
      })
      compiler.hooks.normalModuleFactory.tap(name, (factory) => {
        provideType(factory, isOurs)
        keepLoader(factory, isOurs, loaderOptions)
      })
      explainMissing(compiler, isOurs)
      compiler.hooks.thisCompilation.tap(name, (compilation) => {
        loaderOptions.upscaler.begin()
        compilation.hooks.processErrors.tap(name, dropRepeated)
      })
      compiler.hooks.make.tap(name, () => loaderOptions.upscaler.prefetch())
      compiler.hooks.done.tap(name, () => upscaler?.end())
      compiler.hooks.failed.tap(name, () => void upscaler?.abort())
      tapTypes(compiler, options, logger, isOurs)
    },
  }
}

/** What one error lists is not told for each module again, see `FrozenMisses`; neither is a key that is missing. */
function dropRepeated<T extends Error & { error?: unknown }>(errors: T[]): T[] {
  const first = errors.find(({ error }) => isKeyMissing(error))
  const news = errors.filter(
    (each) =>
      !(each.error instanceof MagnificError && each.error.isListed) &&
      !(isKeyMissing(each.error) && each !== first),
  )
  return news.length > 0 ? news : errors
}

/** webpack puts its mark in front of each message; a table needs it on each line. */
function splitLines(logger: Logger): Logger {
  return {
    info: (message) => {
      for (const line of message.split('\n')) logger.info(line)
    },
    warn: (message) => logger.warn(message),
  }
}

/**
 * Part of the module's identity, and so of webpack's persistent cache: a preset that changes is another module.
 */
function identOf(options: ResolvedOptions): string {
  const { service, onMiss, defaults, presets, alpha, keepMetadata, onTooLarge } = options
  const said = [service, onMiss, defaults, presets, alpha, keepMetadata, onTooLarge]
  return `${name}-${sha256(JSON.stringify(said)).slice(0, 16)}`
}

/** Makes an asset of a reference that no rule of the user or of webpack itself claims: it would be parsed as JavaScript. */
function provideType({ ruleSet }: NormalModuleFactory, isOurs: ReferenceTest): void {
  const exec = ruleSet.exec.bind(ruleSet)
  ruleSet.exec = (data) => {
    const effects = exec(data)
    const query = data.resourceQuery ?? ''
    if (!isOurs(query)) return effects
    const claimed = effects.some(
      ({ type }) => type === 'type' || type === 'use' || type === 'use-post',
    )
    if (!claimed) {
      const inline = query.slice(1).split('&').includes('inline')
      effects.push({ type: 'type', value: inline ? 'asset/inline' : 'asset/resource' })
      // Becomes one of the module's settings.
      effects.push({ type: provided, value: true })
    }
    return effects
  }
}

/**
 * Refuses requests that switch configured loaders off, ours among them. Gives what is emitted the name of what it holds,
 * without our query in it, and makes modules of what is more than a URL.
 */
function keepLoader(
  factory: NormalModuleFactory,
  isOurs: ReferenceTest,
  loaderOptions: LoaderOptions,
): void {
  factory.hooks.afterResolve.tap(name, ({ createData, contextInfo, dependencyType }) => {
    const {
      resource = '',
      loaders = [],
      settings = {},
      matchResource,
      rawRequest = '',
    } = createData
    const { file, query } = splitReference(resource)
    const importer = contextInfo.issuer || undefined
    if (![resource, matchResource ?? ''].some(isOurs)) return
    if (matchResource !== undefined) {
      throw new MagnificError(
        'UNSUPPORTED_REFERENCE',
        `"${rawRequest}" gives the image another name, and so another type. Take what stands before "!=!" from the request.`,
        { file, importer },
      )
    }
    if (!loaders.some((item) => item.loader === loader)) {
      throw new MagnificError('UNSUPPORTED_REFERENCE', explainSkipped(rawRequest), {
        file,
        importer,
      })
    }
    const request = tryParse(loaderOptions.upscaler, file, query)
    const setType = (type: 'javascript/auto' | 'asset/inline'): void => {
      const parser = factory.getParser(type)
      const generator = factory.getGenerator(type)
      Object.assign(createData, { type, parser, generator })
    }
    const onlyOurs = (): void => {
      createData.loaders = loaders.filter((item) => item.loader === loader)
    }
    if (request && !isSingle(request)) {
      const isInText = /\.(?:css|scss|sass|less|styl|pcss|html?|ejs)$/.test(importer ?? '')
      // Loaders of texts may write `require()` for what stands in url() or src.
      if (dependencyType === 'url' || isInText) checkPlace(request, file, importer)
      onlyOurs()
      setType('javascript/auto')
    } else if (request?.output.kind === 'lqip') {
      onlyOurs()
      // A framework's settings of assets may be none for those that are inlined: the loader writes the URI itself.
      setType(loaderOptions.urlField === undefined ? 'asset/inline' : 'javascript/auto')
    } else if (provided in settings && loaders.some((item) => item.loader !== loader)) {
      // Loaders named in the request, which rules do not see, make a module of the image: what they return is its code.
      setType('javascript/auto')
    }
    // The default name is [hash][ext][query]: without this, prompts would stand in public URLs.
    const [variant] = request?.variants ?? []
    createData.matchResource = variant
      ? join(dirname(file), nameVariant(file, variant.format))
      : file
  })
}

/** What is wrong with a query is told by the loader. */
function tryParse(upscaler: Upscaler, file: string, query: string): Request | undefined {
  try {
    return upscaler.parse({ file, query })
  } catch {
    return undefined
  }
}

function checkPlace(request: Request, file: string, importer: string | undefined): void {
  try {
    checkSingle(request)
  } catch (error) {
    throw placeError(error, { file, importer })
  }
}

/** Why our loader does not run though the resource asks for it. */
function explainSkipped(request: string): string {
  if (request.startsWith('data:')) return `"${request.slice(0, 40)}…" is no file. Import one.`
  if (/#[^?]*\?/.test(request)) {
    return `"${request}" has its query behind a "#", where webpack takes it for a fragment. Write \\0# for a "#" in a name.`
  }
  return `"${request}" switches off the loader that upscales, and the original would be shipped. Take the "!!" or "-!" from the front of the request.`
}

/** Adds to webpack's "Can't resolve" what it cannot know: that an image is meant, and which one perhaps. */
function explainMissing({ resolverFactory }: Compiler, isOurs: ReferenceTest): void {
  resolverFactory.hooks.resolver.for('normal').tap(name, (resolver) => {
    resolver.hooks.noResolve.tap(name, ({ request = '', path, context }, error) => {
      if (!isOurs(request) || !path) return
      const missing = findMissing(request, join(path, 'importer'))
      const issuer = (context as { issuer?: string } | undefined)?.issuer
      if (missing !== undefined) error.message += `\n${missingError(missing, issuer).message}`
    })
  })
}
