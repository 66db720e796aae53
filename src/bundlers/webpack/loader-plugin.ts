import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Compiler, LoaderContext } from 'webpack'
import { MagnificError, placeError } from '../../core/errors.ts'
import { sha256 } from '../../core/fingerprint.ts'
import { nameVariant } from '../../core/formats.ts'
import { resolveOptions } from '../../core/resolve-options.ts'
import type { Logger } from '../../core/logger.ts'
import type { Options, ResolvedOptions } from '../../core/options.ts'
import { isReference, referenceFilter, splitReference } from '../../core/request.ts'
import type { Request } from '../../core/request.ts'
import { checkSingle } from '../../core/single-request.ts'
import type { Report } from '../../report.ts'
import type { Reference } from '../../shipment.ts'
import { createUpscaler } from '../../upscaler.ts'
import type { Upscaler } from '../../upscaler.ts'
import { isOfSurroundings } from '../host-error.ts'
import { refuseReadPictures } from './read-files.ts'
import { createWebpackSources } from './sources.ts'
import { tapTypes } from './types.ts'

/** What the loader is handed by the plugin. */
export interface LoaderOptions {
  upscaler: Upscaler
  /** Where the host has no hooks for what has to be done before the loader runs. */
  host?: LoaderHost
  /** See `Framework`. */
  urlField?: string | undefined
}

/** A framework that brings its bundler along, and has ways of its own. */
export interface Framework {
  /** Where it wants to be told things. */
  logger: Logger
  /** What builds did is added to: they may be several that belong together. */
  createReport: (options: ResolvedOptions) => Report
  /** The field of its image modules that holds the URL. */
  urlField: string
}

/** What a host leaves to the loader. */
export interface LoaderHost {
  /** Who imports the image that is loaded. */
  findImporter(context: LoaderContext<LoaderOptions>): string | undefined
  /**
   * Names and types the module.
   *
   * @throws MagnificError `UNSUPPORTED_REFERENCE` for what would not be shipped
   */
  admit(context: LoaderContext<LoaderOptions>, reference: Reference): void
  /** Is told of each error that fails a module. */
  note(error: MagnificError): void
}

/** Whether what has a query, or is one with its question mark, asks for us. */
export type ReferenceTest = (request: string) => boolean

/** What webpack and Rspack do alike, opened for one compiler. */
export interface LoaderPlugin {
  /** As they are at start-up. */
  options: ResolvedOptions
  isOurs: ReferenceTest
  loaderOptions: LoaderOptions
  /** Part of the module's identity, and so of the host's persistent cache: a preset that changes is another module. */
  ident: string
}

export const pluginName = 'unplugin-magnific'
/** The file of the loader. */
export const loader: string = fileURLToPath(new URL('loader.js', import.meta.url))

/**
 * Opens the plugin for a compiler, and follows its builds.
 *
 * @throws MagnificError `BAD_OPTIONS`
 */
export function openLoaderPlugin(
  compiler: Compiler,
  userOptions: Options,
  framework?: Framework,
): LoaderPlugin {
  const findCommand = (): ResolvedOptions['command'] =>
    compiler.watchMode || compiler.options.mode === 'development' ? 'serve' : 'build'
  // Refused at start-up; resolved for good when the host has told whether it watches.
  const resolve = (): ResolvedOptions =>
    resolveOptions(userOptions, {
      root: compiler.context,
      command: findCommand(),
      env: process.env,
    })
  const options = resolve()
  const isOurs: ReferenceTest = (request) =>
    referenceFilter.test(request) && isReference(splitReference(request).query, options.passthrough)
  const logger = framework?.logger ?? splitLines(compiler.getInfrastructureLogger(pluginName))
  let upscaler: Upscaler | undefined
  const loaderOptions: LoaderOptions = {
    get upscaler() {
      if (upscaler?.options.command !== findCommand()) {
        const resolved = resolve()
        const sources = createWebpackSources(compiler, resolved)
        upscaler = createUpscaler(resolved, logger, sources, framework?.createReport(resolved))
      }
      return upscaler
    },
    urlField: framework?.urlField,
  }
  compiler.hooks.thisCompilation.tap(pluginName, () => loaderOptions.upscaler.begin())
  compiler.hooks.make.tap(pluginName, () => loaderOptions.upscaler.prefetch())
  compiler.hooks.done.tapPromise(pluginName, async () => upscaler?.end())
  compiler.hooks.failed.tap(pluginName, () => void upscaler?.abort())
  tapTypes(compiler, options, logger, isOurs)
  refuseReadPictures(compiler, pluginName, options.passthrough)
  return { options, isOurs, loaderOptions, ident: identOf(options) }
}

/**
 * What one error lists is not told for each module again, see `FrozenMisses`; neither is a key that is missing.
 *
 * @param find the error of ours that one of the host's is about
 */
export function dropRepeated<T>(errors: T[], find: (error: T) => unknown): T[] {
  const first = errors.find((each) => isOfSurroundings(find(each)))
  const news = errors.filter((each) => {
    const error = find(each)
    return (
      !(error instanceof MagnificError && error.isListed) &&
      !(isOfSurroundings(error) && each !== first)
    )
  })
  return news.length > 0 ? news : errors
}

/** What is wrong with a query is told by the loader. */
export function tryParse(upscaler: Upscaler, file: string, query: string): Request | undefined {
  try {
    return upscaler.parse({ file, query })
  } catch {
    return undefined
  }
}

/** Files whose references are texts: loaders of theirs may write `require()` for what stands in url() or src. */
export const textFile: RegExp = /\.(?:css|scss|sass|less|styl|pcss|html?|ejs)$/

/**
 * Refuses what gives more than the one URL that a place has room for.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkPlace(request: Request, { file, importer }: Reference): void {
  try {
    checkSingle(request)
  } catch (error) {
    throw placeError(error, { file, importer })
  }
}

/**
 * What the emitted file is named after: the name of what it holds, without our query in it. The default of hosts is
 * [hash][ext][query]: prompts would stand in public URLs.
 */
export function nameShipped(file: string, request: Request | undefined): string {
  const [variant] = request?.variants ?? []
  return variant ? join(dirname(file), nameVariant(file, variant.format)) : file
}

/** Why `!=!` is refused. */
export function explainRenamed(request: string): string {
  return `"${request}" gives the image another name, and so another type. Take what stands before "!=!" from the request.`
}

/**
 * The name of a loader that makes a text of an image, or nothing at all; `undefined` where it does not.
 *
 * @param path of the last one that runs
 */
export function findTextLoader(path = ''): string | undefined {
  return /[\\/]((?:raw|null)-loader)[\\/]/.exec(path)?.[1]
}

/** Why a loader is refused. */
export function explainTextLoader(name: string): string {
  return `A rule of the config hands the image to ${name}, which would not ship it. Let the rule be for other files, or write type: 'asset/resource'.`
}

/** What is to be said of a request that leads to nothing, and has a `#` in a name. */
export function explainFragment(request: string): string | undefined {
  return /#[^?]*\?/.test(request) ? explainSkipped(request) : undefined
}

/** Why our loader does not run though the resource asks for it. */
export function explainSkipped(request: string): string {
  if (request.startsWith('data:')) return `"${request.slice(0, 40)}…" is no file. Import one.`
  if (/#[^?]*\?/.test(request)) {
    return `"${request}" has its query behind a "#", where webpack takes it for a fragment. Write \\0# for a "#" in a name.`
  }
  return `"${request}" switches off the loader that upscales, and the original would be shipped. Take the "!!" or "-!" from the front of the request.`
}

/** Hosts put their mark in front of each message; a table needs it on each line. */
function splitLines(logger: Logger): Logger {
  return {
    info: (message) => {
      for (const line of message.split('\n')) logger.info(line)
    },
    warn: (message) => logger.warn(message),
  }
}

function identOf(options: ResolvedOptions): string {
  const { service, onMiss, defaults, presets, alpha, keepMetadata, onTooLarge } = options
  const said = [service, onMiss, defaults, presets, alpha, keepMetadata, onTooLarge]
  return `${pluginName}-${sha256(JSON.stringify(said)).slice(0, 16)}`
}
