import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MagnificError } from '../core/errors.ts'
import { formatPath } from '../core/format-path.ts'
import { createInspector } from '../inspector/inspector.ts'
import { inspectorPath } from '../inspector/path.ts'
import { createRoutes } from '../inspector/routes.ts'
import type { AnswerInspector } from '../inspector/routes.ts'
import { isAllowedHost } from './allowed-host.ts'
import { rememberFiles } from './config-files.ts'
import { createFileGuard } from './file-guard.ts'
import { scanWorkspace } from './survey.ts'
import type { Workspace } from './workspace.ts'

/** The flags of `magnific ui`, as they were typed. */
export interface UiFlags {
  port?: string | undefined
  host?: string | undefined
  /** Whether a browser is opened. */
  open?: boolean | undefined
}

/** Tells the page that it listens to `api/events`. */
const eventsMeta = '<meta name="magnific-events" content="sse" />'
const defaultPort = 4100
const defaultHost = '127.0.0.1'

/**
 * Serves the inspector until the process is told to end.
 *
 * @param end resolves when it shall end
 * @throws MagnificError `BAD_FLAG`; `BAD_COMMAND` where it cannot listen; `BAD_CONFIG`
 */
export async function runUi(
  workspace: Workspace,
  { port, host = defaultHost, open = false }: UiFlags,
  end: Promise<void> = awaitSignal(),
): Promise<void> {
  const { project, options, print, warn } = workspace
  const findChanged = rememberFiles(project.readFrom)
  const wanted = readPort(port)
  // What cannot be read is told here, and not in a browser.
  let first: ReturnType<typeof scanWorkspace> | undefined = scanWorkspace(workspace, [])
  await first
  const inspector = createInspector(
    options,
    { info: warn, warn },
    {
      mode: 'ui',
      scan: async () => {
        const scan = first ?? scanWorkspace(workspace, [])
        first = undefined
        return scan
      },
      mayRead: createFileGuard(options.root),
      whyHidden:
        'This file is outside of the project, and of the workspace that it is a package of: it is not shown here. Builds read it as it is.',
      findObstacle: () => {
        const changed = findChanged()
        if (changed === undefined) return undefined
        // What is bought by options that are gone is found by no build.
        return `${formatPath(options.root, changed)} has changed since \`magnific ui\` was started: end it, and start it anew. Nothing is bought by the options from before.`
      },
    },
  )
  const server = createUiServer(createRoutes({ inspector, head: eventsMeta, hosts: [host] }), host)
  await listen(server, wanted ?? defaultPort, host, wanted === undefined)
  const address = server.address() as AddressInfo
  const url = `http://${nameHost(host)}:${address.port}/${inspectorPath}`
  print(`The inspector is at ${url}\nCtrl+C ends it.`, {
    url,
    port: address.port,
    pid: process.pid,
  })
  if (open) openBrowser(url)
  await end
  await inspector.close()
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

function createUiServer(answer: AnswerInspector, host: string): Server {
  const refuse = (response: ServerResponse, status: number, problem: string): void => {
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    response.end(JSON.stringify({ ok: false, problem }))
  }
  const prefix = `/${inspectorPath}`
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A name of somebody else's may lead here as well, and its pages would be of the same origin.
    if (!isAllowedHost(request.headers.host, host)) {
      return refuse(response, 403, 'This host name is not the one that is listened on.')
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (path.startsWith(prefix)) return answer(request, response, path.slice(prefix.length))
    refuse(response, 404, `The inspector is at ${prefix}`)
  }
  return createServer((request, response) => {
    serve(request, response).catch((error: unknown) =>
      refuse(response, 500, (error as Error).message),
    )
  })
}

/** @param mayMove whether another port will do */
async function listen(server: Server, port: number, host: string, mayMove: boolean): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' && mayMove) return listen(server, 0, host, false)
    throw new MagnificError(
      'BAD_COMMAND',
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use. End what listens there, or choose another one: --port 0 takes any that is free.`
        : `The inspector cannot listen on ${host} (${(error as Error).message}). --host names an address of this machine.`,
      { cause: error },
    )
  }
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d+$/.test(text) && port < 65_536) return port
  throw new MagnificError('BAD_FLAG', `--port must be a number from 0 to 65535, got "${text}".`)
}

/** What everybody listens to is called by a name that everybody has. */
function nameHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** Whoever has no browser finds the URL in the terminal. */
function openBrowser(url: string): void {
  const [command, ...args] = browserCommands[process.platform] ?? ['xdg-open']
  const child = spawn(command ?? '', [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}

const browserCommands: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Told a second time, the process ends at once. */
async function awaitSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
