import type { Keeper } from './keeper.ts'
import type { Live } from './live.ts'
import type { Server } from './server.ts'
import type { Store } from './store.ts'

/** What every view works with. */
export interface Context {
  store: Store
  server: Server
  live: Live
  keeper: Keeper
  /** Aborted when another view is looked at. */
  signal: AbortSignal
}
