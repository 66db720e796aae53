import { join } from 'node:path'
import { remoteKindOf } from '../../core/remote-option.ts'
import type { ClaimFunction, RemoteOption } from '../../core/remote-option.ts'
import { createGivenClaims } from './claims.ts'
import { makeClosable } from './closable.ts'
import { openGiven } from './given.ts'
import type { RemotePort } from './port.ts'
import { openPostgres } from './postgres.ts'
import { openRedis } from './redis.ts'

/** What a port is opened with. */
export interface PortSettings {
  /** Absolute path of the project. Packages are looked for there first. */
  root: string
  /** Settles claims in place of the store. */
  claim?: ClaimFunction | undefined
}

/**
 * Opens what `cache.remote` names. Nothing is connected to before the first call.
 *
 * @throws MagnificError `BAD_OPTIONS` where a package is missing, or a function returns no store
 */
export async function openPort(remote: RemoteOption, settings: PortSettings): Promise<RemotePort> {
  const port = await open(remote, settings.root)
  const claims = settings.claim ? createGivenClaims(settings.claim, port) : port.claims
  return makeClosable({ ...port, claims })
}

async function open(remote: RemoteOption, root: string): Promise<RemotePort> {
  const from = [join(root, 'package.json'), import.meta.url]
  if (typeof remote !== 'string') return openGiven(remote, from)
  return remoteKindOf(remote) === 'redis' ? openRedis(remote, from) : openPostgres(remote, from)
}
