import { postgresPath, startPostgres, warnWithoutPostgres } from './postgres-server.ts'
import type { OnEnd } from './project.ts'
import { postgresWays, redisWays } from './remote-ways.ts'
import type { RemoteWays } from './remote-ways.ts'
import { redisPath, startRedis, warnWithoutRedis } from './redis-server.ts'

/** A server that can crash and come back. */
export interface RemoteServer {
  readonly url: string
  readonly port: number
  start(): Promise<void>
  stop(): Promise<void>
  restart(): Promise<void>
}

/** A kind of shared store, and how it is had. */
export interface RemoteStore {
  name: 'Redis' | 'PostgreSQL'
  isThere: boolean
  startServer(onEnd?: OnEnd): Promise<RemoteServer>
  ways: RemoteWays
}

/** Says what is not tested. */
export function warnWithoutStores(): void {
  warnWithoutRedis()
  warnWithoutPostgres()
}

/** The stores that claims are known for. */
export const remoteStores: readonly RemoteStore[] = [
  {
    name: 'Redis',
    isThere: redisPath !== undefined,
    startServer: startRedis,
    ways: redisWays,
  },
  {
    name: 'PostgreSQL',
    isThere: postgresPath !== undefined,
    startServer: startPostgres,
    ways: postgresWays,
  },
]
