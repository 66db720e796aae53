import { execFile, execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { createChildServer } from './child-server.ts'
import type { OnEnd } from './project.ts'
import { findClosedPort } from './servers.ts'

const run = promisify(execFile)

/** The folder with the programs of the PostgreSQL of this machine; `undefined` where there is none. Nothing is ever downloaded. */
export const postgresPath: string | undefined = [
  ...listVersions('/usr/lib/postgresql'),
  ...(process.env['PATH'] ?? '').split(delimiter),
].find((folder) => ['initdb', 'postgres', 'psql'].every((name) => existsSync(join(folder, name))))

/** Where Debian has them: the newest first. */
function listVersions(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .toSorted((one, other) => Number(other) - Number(one))
    .map((version) => join(folder, version, 'bin'))
}

/** Says it where it can be seen, since tests that are skipped are not looked at. */
export function warnWithoutPostgres(): void {
  if (postgresPath !== undefined) return
  process.stderr.write(
    '\nSKIPPED: the tests with a real PostgreSQL. None was found in /usr/lib/postgresql or $PATH: install it.\n\n',
  )
}

/** A PostgreSQL of its own, on loopback. It keeps what is in it when it is stopped. */
export interface PostgresServer {
  readonly port: number
  /** Of its superuser, who needs no password. */
  readonly url: string
  /** Again on the same port. */
  start(): Promise<void>
  /** As a crash would. */
  stop(): Promise<void>
  restart(): Promise<void>
  /** Runs a statement as the superuser, over a connection of its own. @returns its rows, as `psql -At` prints them */
  query(sql: string): Promise<string>
}

/** Starts a PostgreSQL that ends with the test. */
export async function startPostgres(onEnd: OnEnd = onTestFinished): Promise<PostgresServer> {
  const bin = postgresPath ?? ''
  const dir = mkdtempSync(join(tmpdir(), 'magnific-postgres-'))
  onEnd(() => rmSync(dir, { recursive: true, force: true }))
  const user = findUser()
  if (user) chownSync(dir, user.uid, user.gid)
  const data = join(dir, 'data')
  await run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    { ...user, cwd: dir },
  )
  const port = await findClosedPort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: 200,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const { start, stop } = createChildServer(
    join(bin, 'postgres'),
    ['-D', data, ...args],
    (output) => output.includes('database system is ready to accept connections'),
    'SIGQUIT',
    { ...user, cwd: dir },
  )
  onEnd(stop)
  await start()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  return {
    port,
    url,
    start,
    stop,
    restart: async () => {
      await stop()
      await start()
    },
    query: async (sql) => {
      const { stdout } = await run(join(bin, 'psql'), [url, '-AtX', '-c', sql])
      return stdout.trim()
    },
  }
}

/** PostgreSQL refuses to run as root, and its package brings a user for it. */
function findUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
