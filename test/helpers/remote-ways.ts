import { KeyvPostgres } from '@keyv/postgres'
import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import type { RemoteOption } from '../../src/core/remote-option.ts'

/** What `cache.remote` may be for a server, by what it is called. */
export type RemoteWays = Readonly<Record<string, (url: string) => RemoteOption>>

/** Ways to a Redis. */
export const redisWays: RemoteWays = {
  'a URL': (url) => url,
  'an adapter': (url) => new KeyvRedis(url),
  'a Keyv with a namespace': (url) => new Keyv(new KeyvRedis(url), { namespace: 'site' }),
  'a function': (url) => async () => new Keyv(new KeyvRedis(url)),
}

// Without it, `pg` waits for a server for ever, and so does the process.
const connectionTimeoutMillis = 2000

/** Ways to a PostgreSQL. */
export const postgresWays: RemoteWays = {
  'a URL': (url) => url,
  'an adapter': (url) =>
    new KeyvPostgres({ uri: url, table: 'by_adapter', connectionTimeoutMillis }),
  'a Keyv with a namespace': (url) =>
    new Keyv(
      new KeyvPostgres({ uri: url, schema: 'cached', table: 'files', connectionTimeoutMillis }),
      {
        namespace: 'site',
      },
    ),
  'a function': (url) => async () =>
    new Keyv(new KeyvPostgres({ uri: url, connectionTimeoutMillis })),
}
