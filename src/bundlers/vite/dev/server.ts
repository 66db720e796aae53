import type { ServerResponse } from 'node:http'
import type { Connect, Plugin, ResolvedConfig, ViteDevServer } from 'vite'
import { MagnificError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { formatPath } from '../../../core/format-path.ts'
import { pipeFile } from '../../../pipe-file.ts'
import type { Reference } from '../../../shipment.ts'
import type { Upscaler } from '../../../upscaler.ts'
import { checkSingle } from '../../../core/single-request.ts'
import { findFile } from '../files.ts'
import { checkAsset, isPublicFile, mayRead, publicFileError } from '../project.ts'
import { showSettled } from '../session.ts'
import type { DevSession, Session } from '../session.ts'
import { watchChanges } from './changes.ts'
import { listeningEvent, updateEvent } from './client.ts'
import type { ListeningPayload, UpdatePayload } from './client.ts'
import type { KnownReferences } from './known-references.ts'
import { readImageRequest } from './requests.ts'

/** What no module refers to is made for so many requests at once; nobody waits for more of them in earnest. */
const mostStrangers = 32
/** So long after the last image, ms, the page is probably complete. */
const quiet = 1000

/** Images in a dev server: what URLs lead to, and pages that are told when it changes. */
export function createServerPlugin(requireSession: () => Session): Plugin {
  let servers = 0
  return {
    name: 'unplugin-magnific:server',
    apply: 'serve',
    configureServer(server) {
      const { config, upscaler, dev } = requireSession()
      if (!dev) return
      servers++
      const { known, background } = dev
      const middleware = createMiddleware(server, config, upscaler, dev)
      server.middlewares.use(middleware)
      tellWhatWasMissed(server, known)
      background.listen((file) => {
        announceChange(server, known, file)
        reloadCopies(server, file)
        if (known.takeMissing(file)) reloadPages(server, known, file)
      })
      watchChanges(server.watcher, known.hasFile, ({ file, exists, isUntold }) => {
        background.forget(file)
        announceChange(server, known, file)
        if (isUntold) reloadCopies(server, file)
        // Somebody was shown an error.
        if (exists && known.takeMissing(file)) reloadPages(server, known, file)
      })
      return () => moveBehindChecks(server, middleware)
    },
    async closeBundle() {
      servers--
      // A server that starts anew is there before the old one is closed, and has the same session.
      if (servers === 0) await requireSession().upscaler.abort()
    },
  }
}

/** Vite 6 calls `configureServer` before what checks hosts and origins is in its place. */
export function moveBehindChecks(
  { middlewares: { stack } }: Pick<ViteDevServer, 'middlewares'>,
  middleware: Connect.NextHandleFunction,
): void {
  const own = stack.findIndex(({ handle }) => handle === middleware)
  const next = stack.findIndex(
    ({ handle }) => typeof handle === 'function' && handle.name === 'viteCachedTransformMiddleware',
  )
  if (own !== -1 && own < next) stack.splice(next - 1, 0, ...stack.splice(own, 1))
}

/** Tells pages to load a picture anew wherever it is shown. */
function announceChange(
  { config, environments }: ViteDevServer,
  known: KnownReferences,
  file: string,
): void {
  const timestamp = Date.now()
  known.touch(file, timestamp)
  const data: UpdatePayload = { paths: pathsOf(file, config), timestamp }
  environments.client.hot.send({ type: 'custom', event: updateEvent, data })
}

/** What changes while a page loads, before it listens, would be lost on it. */
function tellWhatWasMissed({ config, environments }: ViteDevServer, known: KnownReferences): void {
  environments.client.hot.on(listeningEvent, ({ since }: ListeningPayload, client) => {
    const paths = known.touchedSince(since).flatMap((file) => pathsOf(file, config))
    const data: UpdatePayload = { paths, timestamp: Date.now() }
    if (paths.length > 0) client.send(updateEvent, data)
  })
}

/** The paths of URLs that lead to a file. */
function pathsOf(file: string, { root, base }: ResolvedConfig): string[] {
  const path = formatPath(root, file)
  const inRoot = path.startsWith('../') ? [] : [`${base}${path}`]
  return [...inRoot, `${base}@fs/${file.replaceAll('\\', '/').replace(/^\//, '')}`]
}

/** Modules that hold a picture, and not its URL, are made anew. */
function reloadCopies({ environments }: ViteDevServer, file: string): void {
  for (const environment of Object.values(environments)) {
    for (const module of environment.moduleGraph.getModulesByFile(file) ?? []) {
      const { code = '' } = module.transformResult ?? {}
      if (!code.includes('export default')) void environment.reloadModule(module)
    }
  }
}

function reloadPages(server: ViteDevServer, known: KnownReferences, file: string): void {
  for (const { moduleGraph } of Object.values(server.environments)) {
    for (const importer of known.importersOf(file)) {
      for (const module of moduleGraph.getModulesByFile(importer) ?? []) {
        moduleGraph.invalidateModule(module)
      }
    }
  }
  server.environments.client.hot.send({ type: 'full-reload', path: '*' })
}

function createMiddleware(
  server: ViteDevServer,
  config: ResolvedConfig,
  upscaler: Upscaler,
  dev: DevSession,
): Connect.NextHandleFunction {
  const { known } = dev
  const settings = {
    root: config.root,
    base: config.base,
    // Whoever has Vite for a middleware may have taken the base off.
    mayLackBase: Boolean(config.server.middlewareMode),
    passthrough: upscaler.options.passthrough,
  }
  let strangers = 0
  let busy = 0
  let saving: NodeJS.Timeout | undefined

  /** Servers are stopped by Ctrl-C, without a word: what was learned about files is kept when nothing goes on. */
  const saveWhenQuiet = (): void => {
    clearTimeout(saving)
    if (busy === 0) saving = setTimeout(() => void upscaler.end(), quiet).unref()
  }

  const serve = async (
    request: Connect.IncomingMessage,
    response: ServerResponse,
    next: Connect.NextFunction,
  ): Promise<void> => {
    const asked = readImageRequest(request.url ?? '', settings)
    if (!asked) return next()
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      return answer(response, 405, 'Images are asked for by GET or HEAD.')
    }
    const reference = { file: findFile(asked.file) ?? asked.file, query: asked.query }
    // Before anything is waited for: whoever has gone is told of once.
    const controller = new AbortController()
    response.on('close', () => controller.abort())
    if (!(await mayRead(config, reference.file, reference.query))) {
      return answer(response, 403, 'This file is not in server.fs.allow.')
    }
    if (controller.signal.aborted) return
    const isKnown = known.has(reference)
    if (!isKnown && request.headers['sec-fetch-site'] === 'cross-site') {
      return answer(response, 403, 'No module of this project refers to this image.')
    }
    if (!isKnown && strangers >= mostStrangers) {
      return answer(response, 429, 'Too many images at once that no module refers to.')
    }
    busy++
    if (!isKnown) strangers++
    const touchedAt = known.touchedAt(reference.file)
    try {
      if (isPublicFile(config, asked.path)) throw publicFileError(config, asked.path)
      checkAsset(config, reference.file)
      checkSingle(upscaler.parse(reference))
      const { variants } = await showSettled(reference, upscaler, dev, controller.signal)
      if (!controller.signal.aborted)
        await sendFile(request, response, variants[0]?.file ?? '', config.server.headers)
    } catch (error) {
      if (controller.signal.aborted) return
      // Of what has changed since, pages ask again.
      const isLatest = known.touchedAt(reference.file) === touchedAt
      if (isKnown && isLatest) tellPage(server, known, reference, error)
      answerError(response, error)
    } finally {
      busy--
      if (!isKnown) strangers--
      saveWhenQuiet()
    }
  }

  return function magnificMiddleware(request, response, next) {
    serve(request, response, next).catch((error: unknown) => answerError(response, error))
  }
}

/** Real pages show what is wrong with what they refer to; what is asked for by hand is answered, and no more. */
function tellPage(
  { config, environments }: ViteDevServer,
  known: KnownReferences,
  { file }: Reference,
  error: unknown,
): void {
  known.markMissing(file)
  const { message } = error as Error
  config.logger.error(message, { timestamp: true })
  environments.client.hot.send({
    type: 'error',
    err: { message, stack: '', plugin: 'unplugin-magnific' },
  })
}

async function sendFile(
  request: Connect.IncomingMessage,
  response: ServerResponse,
  file: string,
  headers: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value as string)
  }
  // The same URL shows something else as soon as there is something better.
  response.setHeader('cache-control', 'no-cache')
  await pipeFile(request, response, file, (status, message) => answer(response, status, message))
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  BAD_QUERY: 400,
  UNSUPPORTED_REFERENCE: 400,
  SOURCE_MISSING: 404,
  NOT_CACHED: 404,
  SOURCE_REFUSED: 422,
  OUTPUT_TOO_LARGE: 422,
}

function answerError(response: ServerResponse, error: unknown): void {
  const status = error instanceof MagnificError ? (statusOf[error.code] ?? 500) : 500
  answer(response, status, (error as Error).message)
}

function answer(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return void response.destroy()
  response.statusCode = status
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('cache-control', 'no-store')
  response.end(`${message}\n`)
}
