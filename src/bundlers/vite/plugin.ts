import { normalize, resolve, sep } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Environment, Plugin, ResolvedConfig } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import type { Options, ResolvedOptions } from '../../core/options.ts'
import { isReference } from '../../core/request.ts'
import { resolveOptions } from '../../core/resolve-options.ts'
import { createLayout } from '../../store/layout.ts'
import { createUpscaler } from '../../upscaler.ts'
import { locateError } from '../host-error.ts'
import { missingError } from '../missing.ts'
import { createSources } from '../sources.ts'
import type { HostSources } from '../sources.ts'
import { createBackground } from './dev/background.ts'
import { createClientPlugin } from './dev/client.ts'
import { createInspectorPlugin } from './dev/inspector.ts'
import { createKnownReferences } from './dev/known-references.ts'
import { createServerPlugin } from './dev/server.ts'
import { createTextPlugin } from './dev/texts.ts'
import { enhancedKeysOf } from './enhanced.ts'
import { findEntriesOf } from './entries.ts'
import { escapePath, findFile } from './files.ts'
import { createImportPlugin, createQueryPlugin } from './imports.ts'
import { checkPage, createOutputPlugin } from './output.ts'
import { isWrittenIn } from './page-file.ts'
import { createPagePlugin } from './pages.ts'
import type { PageReplacements } from './pages.ts'
import { createPatternPlugins } from './patterns.ts'
import { createPreprocessorPlugin } from './preprocessors.ts'
import {
  checkVersion,
  commandOf,
  explainPublicFile,
  isTestRun,
  loadEnvironment,
} from './project.ts'
import { examineFile, isServed, shipFile } from './session.ts'
import type { Session } from './session.ts'
import { createStylePlugin } from './styles.ts'
import type { StyleReference } from './styles.ts'
import { createSveltePlugin } from './svelte.ts'
import { createTypesPlugin } from './types.ts'
import { createTemplatePlugin } from './templates.ts'
import { createUrlPlugin } from './urls.ts'
import { createWatchPlugin } from './watch.ts'

/** What the plugin tells others, the command line among them. */
export interface PluginApi {
  /** As the config has them. */
  readonly given: Options
  /** Known once the config is resolved. */
  readonly options: ResolvedOptions
  /**
   * Refuses what a page refers to that was rendered after the bundle was written.
   *
   * @param fileName as the error names it
   * @throws MagnificError `UNSUPPORTED_REFERENCE`
   */
  checkPage(html: string, fileName: string): Promise<void>
}

/** What the build that runs tells. */
type BuildHost = Pick<HostSources, 'resolve' | 'findEntries'>

const setupName = 'unplugin-magnific:setup'

/** Where things are that a framework keeps from Vite: absolute paths. */
export interface Places {
  /** The project's root; else Vite's. */
  root?: string
  /** What is shipped as it is; else Vite's. */
  publicDir?: string
}

/**
 * The plugin for Vite: imports, style sheets, pages and `new URL()`, in builds, in workers and in the dev server.
 *
 * @throws MagnificError `BAD_OPTIONS` when the config is resolved
 */
export function createVitePlugin(userOptions: Options = {}, places: Places = {}): Plugin[] {
  let session: Session | undefined
  const requireSession = (): Session => {
    if (session) return session
    throw new Error('unplugin-magnific was called before its configResolved hook.')
  }
  const replaced: PageReplacements = new Map()
  const watched = new Set<string>()
  const modulePlugins = (): Plugin[] => [
    createQueryPlugin(requireSession),
    createImportPlugin(requireSession),
    createUrlPlugin(requireSession),
  ]

  /** Nothing is resolved before a build begins. */
  const host: BuildHost = { resolve: async () => undefined, findEntries: async () => undefined }
  const api: PluginApi = {
    given: userOptions,
    get options() {
      return requireSession().upscaler.options
    },
    checkPage: async (html, fileName) => checkPage(html, fileName, requireSession()),
  }

  return [
    {
      name: setupName,
      enforce: 'pre',
      api,
      config: () => ({
        // Vite does not run the plugins of the config in worker builds.
        worker: { plugins: modulePlugins },
        // Vite knows the others.
        assetsInclude: [/\.(?:tiff?|hei[cf])$/i],
      }),
      async configResolved(config) {
        checkVersion(config)
        checkInstances(api, config)
        session = await createSession(userOptions, withPlaces(config, places), host, places.root)
      },
      buildStart() {
        const { upscaler } = requireSession()
        host.resolve = async (path, importer) =>
          this.resolve(path, importer).then((resolved) =>
            resolved?.external ? undefined : resolved?.id,
          )
        const { environment } = this
        host.findEntries = async () => findEntriesOf(environment)
        upscaler.begin()
        upscaler.prefetch()
      },
      async buildEnd(error) {
        if (error) await session?.upscaler.abort()
      },
      closeBundle: async () => session?.upscaler.end(),
    },
    ...modulePlugins(),
    createStylePlugin(
      (query) => isReference(query, requireSession().upscaler.options.passthrough),
      async (reference, environment) => {
        watched.add(reference.file)
        return answerStyle(reference, environment, requireSession())
      },
    ),
    createPreprocessorPlugin(requireSession),
    createPagePlugin(requireSession, replaced, watched),
    ...createPatternPlugins(requireSession),
    createTemplatePlugin(requireSession),
    createSveltePlugin(requireSession),
    createOutputPlugin(requireSession, replaced),
    createWatchPlugin(watched),
    createTypesPlugin(requireSession),
    createClientPlugin(),
    createTextPlugin(requireSession),
    createServerPlugin(requireSession),
    createInspectorPlugin(requireSession),
  ]
}

/** All that is ours reads the config from here, and Vite goes on with its own. */
function withPlaces(config: ResolvedConfig, { publicDir }: Places): ResolvedConfig {
  return publicDir === undefined
    ? config
    : (Object.create(config, { publicDir: { value: publicDir } }) as ResolvedConfig)
}

/** Of two instances the first one answers for all, and what the other one was told would count for nothing. */
function checkInstances({ given }: PluginApi, { plugins }: ResolvedConfig): void {
  const all = plugins.filter(({ name }) => name === setupName)
  const other = all
    .map((plugin) => (plugin.api as PluginApi).given)
    .find((options) => !isDeepStrictEqual(options, given))
  if (!other) return
  const { presets = {} } = given
  const twice = Object.keys(presets).find(
    (name) =>
      other.presets?.[name] !== undefined && !isDeepStrictEqual(other.presets[name], presets[name]),
  )
  const what = twice === undefined ? 'with other options' : `and two presets are called "${twice}"`
  throw new MagnificError(
    'BAD_OPTIONS',
    `The plugin is in the Vite config ${all.length} times, ${what}; one would answer for all. Put everything into one magnific({ … }).`,
  )
}

async function createSession(
  userOptions: Options,
  config: ResolvedConfig,
  host: BuildHost,
  root = config.root,
): Promise<Session> {
  const options = fitOptions(
    resolveOptions(userOptions, {
      root,
      command: commandOf(config),
      env: await loadEnvironment(config),
    }),
    config,
  )
  const cacheDir = resolve(options.root, options.cacheDir)
  checkCachePlace(config, cacheDir)
  const resolveAlias = config.createResolver({ asSrc: true })
  const scan = createSources(options, {
    findEntries: async () => host.findEntries(),
    ignored: [resolve(config.root, config.build.outDir)],
    resolve: async (path, importer) => host.resolve(path, importer),
    resolveAlias: async (pattern, importer) => resolveAlias(pattern, importer, true),
  })
  const upscaler = createUpscaler(options, config.logger, scan)
  if (config.command === 'build') return { config, upscaler, dev: undefined }
  shieldCache(config, cacheDir)
  const background = createBackground(upscaler, config.logger)
  return { config, upscaler, dev: { known: createKnownReferences(), background } }
}

/** Tests spend nothing, whatever is said of servers, and have no network; and keys of queries belong to a plugin that is there. */
function fitOptions(options: ResolvedOptions, config: ResolvedConfig): ResolvedOptions {
  const isTest = isTestRun(config)
  return {
    ...options,
    onMiss: options.onMiss === 'upscale' && isTest ? 'preview' : options.onMiss,
    sharing: isTest ? undefined : options.sharing,
    passthrough: [...new Set([...options.passthrough, ...enhancedKeysOf(config)])],
  }
}

/** What is published must not be the journal, and what is emptied before each build must not be what was paid for. */
function checkCachePlace({ publicDir, root, build }: ResolvedConfig, dir: string): void {
  const places = { publicDir, 'build.outDir': resolve(root, build.outDir) }
  for (const [name, place] of Object.entries(places)) {
    if (place === '' || !`${dir}${sep}`.startsWith(`${normalize(place)}${sep}`)) continue
    throw new MagnificError(
      'BAD_OPTIONS',
      `The cache directory ${dir} is in ${name} (${place}). Choose another \`cache.dir\`, or leave it out.`,
    )
  }
}

/** What is written to the cache reloads no page, and variants may be served from wherever they are. */
function shieldCache({ server }: ResolvedConfig, dir: string): void {
  server.fs.allow.push(createLayout(dir).variants)
  // Nothing is watched with `null`; without a word, all below the root is.
  if (server.watch === null) return
  const { ignored = [] } = server.watch ?? {}
  server.watch = {
    ...server.watch,
    ignored: [
      ...(Array.isArray(ignored) ? ignored : [ignored]),
      (path: string) => `${normalize(path)}${sep}`.startsWith(dir + sep),
    ],
  }
}

/** The id that a style sheet refers to in place of what is written. */
async function answerStyle(
  { file, query, importer, url, isInPage }: StyleReference,
  environment: Environment,
  session: Session,
): Promise<string> {
  const reference = { file, query, importer }
  const isWritten = !isInPage || isWrittenIn(importer, url)
  const known = isWritten ? session.dev?.known : undefined
  try {
    known?.add(reference)
    known?.markMissing(file)
    if (findFile(file) === undefined) {
      throw explainPublicFile(missingError(file, importer), file, session.config)
    }
    if (!isServed(session, environment)) return await shipFile(reference, session)
    await examineFile(reference, session)
    known?.takeMissing(file)
    const touchedAt = known?.touchedAt(file)
    // As Vite writes it: a sheet that is made anew must not show what the browser has of the old one.
    return `${escapePath(file)}?${query}${touchedAt === undefined ? '' : `&t=${touchedAt}`}`
  } catch (error) {
    throw locateStyle(error, url, importer)
  }
}

/** For PostCSS, `file`, `line` and `column` are what tells the place, and columns count from 1. */
function locateStyle(error: unknown, url: string, importer: string): unknown {
  const located = locateError(error, url, importer) as Error & {
    loc?: { line: number; column: number }
  }
  const { line = 1, column = 0 } = located.loc ?? {}
  return Object.assign(located, { id: importer, file: importer, line, column: column + 1 })
}
