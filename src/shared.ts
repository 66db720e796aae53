import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { LimitFunction } from 'p-limit'
import type { MagnificError } from './core/errors.ts'
import { createSingleFlight } from './core/single-flight.ts'
import type { SingleFlight } from './core/single-flight.ts'
import type { WeightedLimit } from './core/weighted-limit.ts'
import { createTally } from './progress.ts'
import type { Progress, Tally } from './progress.ts'
import type { Elsewhere } from './purchase/fetch-shared.ts'
import type { Purchased } from './purchase/order.ts'
import type { Origin } from './report.ts'
import type { Sharing } from './sharing.ts'
import type { Reference } from './shipment.ts'
import type { Budget } from './store/budget.ts'
import { createLayout, prepareLayout } from './store/layout.ts'
import type { Layout } from './store/layout.ts'
import { createMemo } from './store/memo.ts'
import type { Memo } from './store/memo.ts'

/**
 * What every plugin instance of a process shares when it works on the same cache directory. Hosts evaluate a config
 * several times and run client and server builds side by side: single flight must hold across all of them.
 */
export interface Shared {
  readonly layout: Layout
  readonly memo: Memo
  /** Results being obtained, by fingerprint. */
  readonly purchases: SingleFlight<Purchased>
  /** Results being fetched from what is shared with other machines, by it and by fingerprint. */
  readonly fetches: SingleFlight<Elsewhere | undefined>
  /** Variants being made, by path. */
  readonly derivations: SingleFlight<string>
  readonly tally: Tally
  /** Why nothing more is bought: the key or the account is at fault, for whichever image. */
  readonly halt: { error?: MagnificError }
  /** How results came to be here in this process, by fingerprint: builds of client and server say the same of them. */
  readonly origins: Map<string, Origin>
  /** What was taken of budgets. Client and server builds are often two builds of one process: they share it. */
  budget?: Budget
  /** Who wants to see how purchases of this process go on; missing where nobody ever did. */
  watchers?: Set<PurchaseWatcher>
  /** The references that builds of this process have shipped, by their specifiers; missing where no report is asked for. */
  met?: Map<string, Reference>
  /** What is shared with other machines, once somebody has asked for it: see `openSharing`. */
  readonly sharings: Sharing[]
  /** The cache directory is there, with its .gitignore. */
  prepared?: Promise<void>
  /** What is loaded with the first miss; a warm build does without. */
  cold?: {
    /** Images that wait to become tasks, ready to be sent. */
    readonly queue: LimitFunction
    /** Tasks in flight. */
    readonly tasks: LimitFunction
    /** Results being fetched and looked at. */
    readonly downloads: LimitFunction
    /** Variants being decoded and encoded, which takes memory: by pixels. */
    readonly pictures: WeightedLimit
    /** Previews being made, which a page waits for. */
    readonly previews: LimitFunction
    /** Files being copied, which mostly wait for the disk. */
    readonly copies: LimitFunction
    readonly progress: Progress
    /** Where goes what the cache directory does not take; gone with the process. */
    readonly spare: Layout
  }
}

/**
 * Is told where a purchase stands, as it happens.
 *
 * @param message why it failed
 */
export type PurchaseWatcher = (
  fingerprint: string,
  phase: 'waiting' | 'submitting' | 'upscaling' | 'downloading' | 'done' | 'failed',
  message?: string,
) => void

// The version changes with the meaning of what is shared: two versions of this package never share.
const registryKey = Symbol.for('unplugin-magnific.shared.1')
const globals = globalThis as { [registryKey]?: Map<string, Shared> }

/** What went to spare folders is wanted for as long as the process runs, and by nobody afterwards. */
function createRegistry(): Map<string, Shared> {
  const registry = new Map<string, Shared>()
  process.once('exit', () => {
    for (const { cold } of registry.values()) {
      if (cold) rmSync(cold.spare.dir, { recursive: true, force: true })
    }
  })
  return registry
}

/** What is shared by all who work on one cache directory. */
export function getShared(root: string, cacheDir: string): Shared {
  const registry = (globals[registryKey] ??= createRegistry())
  const dir = resolve(root, cacheDir)
  const known = registry.get(dir)
  if (known) return known
  const layout = createLayout(dir)
  const shared: Shared = {
    layout,
    memo: createMemo(layout),
    purchases: createSingleFlight(),
    fetches: createSingleFlight(),
    derivations: createSingleFlight(),
    tally: createTally(),
    halt: {},
    origins: new Map(),
    sharings: [],
  }
  registry.set(dir, shared)
  return shared
}

/**
 * Makes the cache directory, once. Nothing is bought before it has shown that it takes what is written.
 *
 * @throws the error of node:fs
 */
export async function prepareCache(shared: Shared): Promise<void> {
  await (shared.prepared ??= prepareLayout(shared.layout, Date.now()).catch((error: unknown) => {
    // While a process watches, the disk may be mended.
    delete shared.prepared
    throw error
  }))
}
