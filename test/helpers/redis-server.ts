import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createChildServer } from './child-server.ts'
import type { OnEnd } from './project.ts'
import { findClosedPort } from './servers.ts'

/** The Redis of this machine, or the Valkey; `undefined` where there is none. Nothing is ever downloaded. */
export const redisPath: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => ['redis-server', 'valkey-server'].map((name) => join(folder, name)))
  .find((path) => existsSync(path))

/** Says it where it can be seen, since tests that are skipped are not looked at. */
export function warnWithoutRedis(): void {
  if (redisPath !== undefined) return
  process.stderr.write(
    '\nSKIPPED: the tests with a real Redis. No redis-server was found in $PATH: install it.\n\n',
  )
}

/** A Redis of its own, on loopback, that keeps nothing when it is stopped. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Again on the same port; empty. */
  start(): Promise<void>
  /** As a crash would. */
  stop(): Promise<void>
  restart(): Promise<void>
  /** Has it accept connections and answer nothing. */
  pause(): void
  resume(): void
}

/**
 * Starts a Redis that ends with the test.
 *
 * @param settings what stands in its configuration, such as `{ maxmemory: '10mb' }`
 */
export async function startRedis(
  onEnd: OnEnd = onTestFinished,
  settings: Readonly<Record<string, string>> = {},
): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'magnific-redis-'))
  const port = await findClosedPort()
  const said = { bind: '127.0.0.1', port: String(port), dir, save: '', appendonly: 'no' }
  const args = Object.entries({ ...said, ...settings }).flatMap(([name, value]) => [
    `--${name}`,
    value,
  ])
  const { start, stop, signal } = createChildServer(redisPath ?? 'redis-server', args, (output) =>
    output.includes('Ready to accept connections'),
  )
  onEnd(async () => {
    await stop()
    rmSync(dir, { recursive: true, force: true })
  })
  await start()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    restart: async () => {
      await stop()
      await start()
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  }
}
