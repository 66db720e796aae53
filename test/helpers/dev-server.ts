import type { AddressInfo } from 'node:net'
import magnific from 'unplugin-magnific/vite'
import type { Options } from 'unplugin-magnific/vite'
import type * as vite8 from 'vite'
import type { InlineConfig, ViteDevServer } from 'vite'
import { onTestFinished } from 'vitest'
import type { OnEnd, Project } from './project.ts'

/** A dev server that listens. */
export interface DevServer {
  readonly port: number
  readonly vite: ViteDevServer
  /** What it said. Live. */
  readonly log: readonly string[]
}

/**
 * A dev server of a project on a free port of loopback. It reads no `.env` file and watches nothing.
 *
 * @param onEnd closes it, for what several tests share
 */
export async function startDevServer(
  vite: typeof vite8,
  project: Project,
  options: Options,
  config: InlineConfig = {},
  onEnd: OnEnd = onTestFinished,
): Promise<DevServer> {
  const log: string[] = []
  const note = (message: string): void => void log.push(message)
  const server = await vite.createServer(
    vite.mergeConfig(
      {
        root: project.dir,
        configFile: false,
        envDir: false,
        customLogger: { ...vite.createLogger('silent'), info: note, warn: note, error: note },
        server: { host: '127.0.0.1', port: 0, ws: false, watch: null },
        optimizeDeps: { noDiscovery: true },
        plugins: [magnific(options)],
      },
      config,
    ),
  )
  onEnd(async () => server.close())
  await server.listen()
  return { port: (server.httpServer!.address() as AddressInfo).port, vite: server, log }
}
