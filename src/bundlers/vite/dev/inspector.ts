import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, resolve } from 'node:path'
import type { Connect, Plugin, ResolvedConfig, ViteDevServer } from 'vite'
import { colors } from '../../../core/colors.ts'
import { imageExtensions } from '../../../core/formats.ts'
import { limitLogger } from '../../../core/logger.ts'
import type { Found } from '../../../inspector/inspect.ts'
import type { Inspector, InspectorHost } from '../../../inspector/inspector.ts'
import { inspectorPath } from '../../../inspector/path.ts'
import type { AnswerInspector } from '../../../inspector/routes.ts'
import type { PlannableReference } from '../../../planner.ts'
import type { Upscaler } from '../../../upscaler.ts'
import { readReference } from '../../redirect.ts'
import { findEntries } from '../entries.ts'
import { findFile } from '../files.ts'
import { importVite, isTestRun, mayRead } from '../project.ts'
import type { Session } from '../session.ts'
import { findSockets, inspectorEvent, liveScripts, renderHead } from './inspector-live.ts'
import { moveBehindChecks } from './server.ts'

const pluginName = 'unplugin-magnific:inspector'

/** Editors write a file in several steps, ms. */
const settleTime = 50

/** An inspector that somebody has asked for. */
interface Opened {
  inspector: Inspector
  answer: AnswerInspector
  /** Whether a change of a file may be seen in it. */
  concerns(path: string): boolean
}

/** Serves the inspector: its routes are behind whatever Vite checks, and nothing of it is loaded before somebody asks. */
export function createInspectorPlugin(requireSession: () => Session): Plugin {
  const opened = new Set<Promise<Opened>>()
  let servers = 0
  const plugin: Plugin = {
    name: pluginName,
    apply: 'serve',
    resolveId: (id) => (liveScripts.has(id) ? `\0${id}` : null),
    load: (id) => (id.startsWith('\0') ? (liveScripts.get(id.slice(1)) ?? null) : null),
    configureServer(server) {
      const session = requireSession()
      const { config, dev } = session
      // Of two instances the first one answers for all.
      const isFirst = config.plugins.find(({ name }) => name === pluginName) === plugin
      if (!dev || !isFirst || isTestRun(config)) return
      servers++
      let own: Promise<Opened> | undefined
      const middleware = createMiddleware(config, async () => {
        if (!own) opened.add((own = openInspector(server, session)))
        return (await own).answer
      })
      server.middlewares.use(middleware)
      watchSources(server, async () => own)
      printUrl(server, session)
      return () => moveBehindChecks(server, middleware)
    },
    async closeBundle() {
      servers--
      // A server that starts anew is there before the old one is closed, and has the same session.
      if (servers !== 0) return
      for (const each of opened) await (await each.catch(() => undefined))?.inspector.close()
      opened.clear()
    },
  }
  return plugin
}

function createMiddleware(
  { base, server }: ResolvedConfig,
  load: () => Promise<AnswerInspector>,
): Connect.NextHandleFunction {
  // Whoever has Vite for a middleware may have taken the base off.
  const bases = server.middlewareMode ? [base, '/'] : [base]
  const prefixes = bases.map((each) => `${each}${inspectorPath}`)
  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<void> => (await load())(request, response, path)

  return function magnificInspectorMiddleware(request, response, next) {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    // Without its last slash it would be taken for a page of the app.
    const prefix = prefixes.find((each) => path.startsWith(each) || `${path}/` === each)
    if (prefix === undefined) return next()
    const below = path.startsWith(prefix) ? path.slice(prefix.length) : '/'
    answer(request, response, below).catch((error: unknown) => fail(response, error))
  }
}

/** The inspector itself could not be loaded. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  response.statusCode = 500
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(JSON.stringify({ ok: false, problem: (error as Error).message }))
}

async function openInspector(server: ViteDevServer, session: Session): Promise<Opened> {
  const { config, upscaler, dev } = session
  const [{ createInspector }, { createRoutes }, { sourceExtensions }, scan] = await Promise.all([
    import('../../../inspector/inspector.ts'),
    import('../../../inspector/routes.ts'),
    import('../../../scan/read-source.ts'),
    createScan(server, session),
  ])
  const host: InspectorHost = {
    mode: 'dev',
    scan,
    mayRead: async (file, query) => mayRead(config, file, query),
    whyHidden:
      'The dev server does not show this file. Allow its folder in `server.fs.allow`; builds read it as it is.',
    open: (file, line) => openInEditor(server, file, line),
    bought: (file) => dev?.background.tell(file),
  }
  const logger = limitLogger(config.logger, upscaler.options.logLevel)
  const inspector = createInspector(upscaler.options, logger, host)
  inspector.listen((data) => {
    server.environments.client.hot.send({ type: 'custom', event: inspectorEvent, data })
  })
  const shown = new Set([...sourceExtensions, ...imageExtensions].map((type) => `.${type}`))
  return {
    inspector,
    answer: createRoutes({
      inspector,
      head: renderHead(config),
      findSockets: (asked) => findSockets(config, asked),
      hosts: listHosts(config),
    }),
    concerns: (path) => shown.has(extname(path).toLowerCase()),
  }
}

/** Where any name is let in, none is listed. */
function listHosts({ server: { allowedHosts } }: ResolvedConfig): readonly string[] {
  return Array.isArray(allowedHosts) ? allowedHosts : []
}

/**
 * As `magnific plan` reads them: what a build would meet, and not what the server has met by now. What is in no source, since a
 * plugin makes it up, is known once it is loaded.
 */
async function createScan(
  server: ViteDevServer,
  { config, upscaler }: Session,
): Promise<() => Promise<Found>> {
  const [{ scanProject }, { createViteResolve }, vite] = await Promise.all([
    import('../../../scan/scan-project.ts'),
    import('../build-resolve.ts'),
    importVite(config),
  ])
  const resolveImport = createViteResolve(vite, config)
  const { root, passthrough } = upscaler.options
  const entries = findEntries(config)
  const outDir = resolve(config.root, config.build.outDir)
  return async () => {
    const { references, problems } = await scanProject({
      root,
      ignored: [outDir, ...(config.publicDir ? [config.publicDir] : [])],
      passthrough,
      resolve: resolveImport,
      asksHost: true,
      followsAll: true,
      ...(entries && { entries }),
    })
    const known = new Set(references.map(({ file, query }) => `${file}?${query}`))
    const others = listLoaded(server, upscaler).filter(({ specifier }) => !known.has(specifier))
    return { references: [...references, ...others], problems }
  }
}

/** What modules import that are loaded at this moment. */
function listLoaded({ environments }: ViteDevServer, upscaler: Upscaler): PlannableReference[] {
  const loaded = new Map<string, PlannableReference>()
  for (const { moduleGraph } of Object.values(environments)) {
    for (const [id, { importers }] of moduleGraph.idToModuleMap) {
      const reference = readReference(id, upscaler)
      if (!reference) continue
      for (const { file: importer } of importers) {
        const { file, query } = reference
        const specifier = `${file}?${query}`
        const place = { specifier, query, file, reached: true, line: 0 }
        const isFile = importer !== null && findFile(importer) !== undefined
        loaded.set(`${specifier} ${importer}`, { ...place, importer: isFile ? importer : '' })
      }
    }
  }
  return [...loaded.values()]
}

/** Tells pages of the inspector that what they show may have changed. */
function watchSources({ watcher }: ViteDevServer, find: () => Promise<Opened | undefined>): void {
  let timer: NodeJS.Timeout | undefined
  const notice = async (path: string): Promise<void> => {
    const opened = await find().catch(() => undefined)
    if (!opened?.concerns(path)) return
    clearTimeout(timer)
    timer = setTimeout(() => opened.inspector.announce(), settleTime).unref()
  }
  watcher.on('all', (_, path) => void notice(path))
}

/** As a click on Vite's error page does: by its own middleware, and so in the editor that is set up for it. */
function openInEditor({ middlewares: { stack } }: ViteDevServer, file: string, line: number): void {
  const layer = stack.find(({ route }) => route === '/__open-in-editor')
  const handle = layer?.handle as
    | ((request: { url: string }, response: { statusCode?: number; end(): void }) => void)
    | undefined
  handle?.({ url: `/?file=${encodeURIComponent(`${file}:${line}:1`)}` }, { end: () => {} })
}

/** One more line among the URLs that the server tells of. */
function printUrl(server: ViteDevServer, { config, upscaler }: Session): void {
  const print = server.printUrls.bind(server)
  server.printUrls = () => {
    print()
    const { local = [], network = [] } = server.resolvedUrls ?? {}
    const [url] = [...local, ...network]
    if (url === undefined) return
    const page = new URL(inspectorPath, url).href
    const shown = page.replace(/:(\d+)\//, (_, port) => `:${colors.bold(port)}/`)
    limitLogger(config.logger, upscaler.options.logLevel).info(
      `  ${colors.green('➜')}  ${colors.bold('Magnific')}: ${colors.cyan(shown)}`,
    )
  }
}
