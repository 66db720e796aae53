import { resolve } from 'node:path'
import { systemClock } from './core/clock.ts'
import { isMagnificError, MagnificError } from './core/errors.ts'
import { maxOutputPixels } from './core/limits.ts'
import { defaultCacheDir } from './core/option-readers.ts'
import type { ResolvedOptions } from './core/options.ts'
import type { Logger } from './core/logger.ts'
import { openAccount } from './purchase/account.ts'
import type { Account } from './purchase/account.ts'
import { recallDurations } from './purchase/history.ts'
import type { Order, PurchaseContext } from './purchase/order.ts'
import { purchase } from './purchase/purchase.ts'
import type { Origin } from './report.ts'
import type { PurchaseWatcher, Shared } from './shared.ts'
import type { BlobStore } from './store/blobs.ts'
import { createBudget } from './store/budget.ts'
import type { Budget } from './store/budget.ts'
import type { Journal } from './store/journal.ts'
import { createJournalFiles } from './store/journal-files.ts'
import { findProjectRoot } from './store/layout.ts'
import type { RecordStore, ResultRecord } from './store/records.ts'

/** What orders are placed with. */
export interface OrderContext {
  options: ResolvedOptions
  shared: Shared
  logger: Logger
  cold: NonNullable<Shared['cold']>
  blobs: BlobStore
  spare: BlobStore
  records: RecordStore
  journal: Journal
}

/** Buys, once for a fingerprint however many ask in this process. */
export type Orderer = (
  order: Order,
  signal: AbortSignal,
) => Promise<{ record: ResultRecord; file: string; from: Origin; estimate: number }>

/** Only builds that have something to buy, or to take up again, import this module. */
export function createOrderer(context: OrderContext): Orderer {
  const { options, shared, cold, blobs, spare, records, journal, logger } = context
  const cacheFlag = describeCacheDir(shared.layout.dir)
  const budget = openBudget(context)
  let account: Account | undefined
  const findings: PurchaseContext['findings'] = new Map()

  const warn = (message: string): void => logger.warn(`magnific: ${message}`)

  const findAccount = (): Account => {
    if (account) return account
    account = openAccount({ ...options, apiKey: requireKey(options), warn })
    const { recalled, watcher } = account
    if (!recalled.has(shared.layout.dir)) {
      recalled.add(shared.layout.dir)
      // Good to know, and not worth waiting for.
      recallDurations(records, options.service, watcher.durations).catch(() => {})
    }
    return account
  }

  const buy = async (order: Order, signal: AbortSignal): ReturnType<typeof purchase> => {
    const item = cold.progress.begin()
    const tell: PurchaseWatcher = (...news) => {
      for (const watcher of shared.watchers ?? []) {
        try {
          watcher(...news)
        } catch {
          // Who only looks on ends no purchase.
        }
      }
    }
    let spent = 0
    let stopListening: (() => Promise<void>) | undefined
    try {
      // Where there is no key, whoever needs one says so.
      if (options.apiKey !== undefined) stopListening = await findAccount().listen()
      const purchased = await purchase(
        order,
        {
          root: options.root,
          service: options.service,
          deadline: options.deadline,
          onTooLarge: options.onTooLarge,
          alpha: options.alpha,
          prices: options.prices,
          tmp: shared.layout.tmp,
          drawing: async (work) => cold.pictures(maxOutputPixels / 4, work),
          clock: systemClock,
          journal,
          blobs,
          spare,
          records,
          budget,
          limits: options.budget,
          client: () => findAccount().client,
          taskList: () => findAccount().taskList,
          findings,
          queue: async (work) => cold.queue(work),
          limit: async (work) => cold.tasks(work),
          downloads: async (work) => cold.downloads(work),
          halt: shared.halt,
          command: (rest) => `npx magnific ${rest}${cacheFlag}`,
          warn,
          onPhase: ({ kind, estimate }) => {
            item.update(kind, estimate)
            tell(order.fingerprint, kind)
          },
        },
        signal,
      )
      spent = purchased.estimate
      // Before anybody is answered: who joined, or finds the record now, says the same of it.
      shared.origins.set(order.fingerprint, purchased.from)
      tell(order.fingerprint, 'done')
      return purchased
    } catch (error) {
      tell(order.fingerprint, 'failed', isMagnificError(error) ? error.text : String(error))
      throw error
    } finally {
      item.done(spent)
      await stopListening?.()
    }
  }

  return async (order, signal) => {
    const { value, joined } = await shared.purchases.run(
      order.fingerprint,
      signal,
      async (flightSignal) => buy(order, flightSignal),
    )
    // Who joined did not pay: one purchase is counted once.
    return joined ? { ...value, from: 'cached', estimate: 0 } : value
  }
}

/** One for the process. */
export function openBudget({ shared, journal }: Pick<OrderContext, 'shared' | 'journal'>): Budget {
  return (shared.budget ??= createBudget(shared.layout, {
    files: createJournalFiles(shared.layout),
    isFree: async ({ fingerprint, attempt }) => journal.isFree(fingerprint, attempt),
    now: systemClock.now,
  }))
}

/** What our command line needs to find a cache directory that is not where it looks by itself. */
function describeCacheDir(dir: string): string {
  if (resolve(findProjectRoot(process.cwd()), defaultCacheDir(process.env)) === dir) return ''
  // Single quotes leave nothing for a shell to read into it; Windows knows double ones alone.
  const quote = process.platform === 'win32' ? '"' : "'"
  return ` --cache-dir ${/^[\w./:\\-]+$/.test(dir) ? dir : `${quote}${dir}${quote}`}`
}

function requireKey({ apiKey, service }: ResolvedOptions): string {
  if (apiKey !== undefined) return apiKey
  throw new MagnificError(
    'NO_API_KEY',
    'The upscaled image is not in the cache, and there is no API key to buy it with. ' +
      `Set FREEPIK_API_KEY in the environment${service === 'local' ? ' (the emulator takes any value)' : ''}, or build with MAGNIFIC_ON_MISS=preview to go on with local previews.`,
  )
}
