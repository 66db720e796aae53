import type { Client } from '../api/client.ts'
import type { Clock } from '../core/clock.ts'
import type { MagnificError } from '../core/errors.ts'
import type { PriceStep } from '../core/estimate.ts'
import type { AlphaPolicy, BudgetLimits, TooLargePolicy } from '../core/options.ts'
import type { Request } from '../core/request.ts'
import type { Attempt } from '../store/attempt.ts'
import type { BlobStore } from '../store/blobs.ts'
import type { Budget } from '../store/budget.ts'
import type { Journal } from '../store/journal.ts'
import type { RecordStore, ResultRecord } from '../store/records.ts'
import type { Finding } from './reconcile.ts'
import type { TaskList } from './task-list.ts'

/** What is wanted. */
export interface Order {
  fingerprint: string
  /** The source, an absolute path. */
  file: string
  /** SHA-256 of the bytes that the fingerprint speaks of. */
  sourceHash: string
  request: Request
  /** The task of a result that was stored once and is lost: it is fetched again, never bought again. */
  knownTask?: string | undefined
}

/** Everything a purchase works with. */
export interface PurchaseContext {
  /** Absolute path of the project: the journal names sources from here. */
  root: string
  /** Part of the fingerprint: see `serviceOf`. */
  service: string
  /** The longest wait for one task, ms. */
  deadline: number
  /** See `Options`. */
  onTooLarge: TooLargePolicy
  /** See `Options`. */
  alpha: AlphaPolicy
  /** See `Options`. */
  prices: readonly PriceStep[]
  /** Absolute path of the folder for what is in the making. */
  tmp: string
  /** Runs the work when few pictures are being drawn: each takes its share of memory. */
  drawing: <T>(work: () => Promise<T>) => Promise<T>
  clock: Clock
  journal: Journal
  blobs: BlobStore
  /** Where a result goes that the cache directory does not take: gone with the process. */
  spare: BlobStore
  records: RecordStore
  budget: Budget
  /** What may be spent: see `Options`. */
  limits: BudgetLimits
  /** @throws MagnificError `NO_API_KEY` */
  client: () => Client
  /** What the API lists, for the client's account. */
  taskList: (client: Client) => TaskList
  /** What tasks that nobody knew turned out to be: each is looked at once. */
  findings: Map<string, Finding>
  /** Runs the work when few are waiting for `limit`: what is to be sent next is made ready, and not everything at once. */
  queue: <T>(work: () => Promise<T>) => Promise<T>
  /** Runs the work when fewer than `concurrency` tasks are in flight: it is over when the task is. */
  limit: <T>(work: () => Promise<T>) => Promise<T>
  /** Runs the work when few results are being fetched: that takes memory and disk, and no room among the tasks. */
  downloads: <T>(work: () => Promise<T>) => Promise<T>
  /** Set by the first answer that makes all further spending pointless; everybody looks before spending. */
  halt: { error?: MagnificError }
  /** A command line of ours as the user would type it: `npx magnific …`. */
  command: (rest: string) => string
  warn: (message: string) => void
  onPhase: (phase: Phase) => void
}

/** Where an order stands, for the progress line. */
export interface Phase {
  kind: 'waiting' | 'submitting' | 'upscaling' | 'downloading'
  /** euros; 0 where nothing new is bought */
  estimate: number
}

/** A task that runs or ran, and the attempt that the journal knows it by. */
export interface Submitted {
  task: string
  attempt: Attempt | undefined
  /** Whether it was this purchase that submitted it. */
  paid: boolean
}

/** A result that is here now: in the store, unless the disk did not take it. */
export interface Purchased {
  record: ResultRecord
  /** The bytes, an absolute path. */
  file: string
  /** `paid`: submitted just now. `resumed`: paid for by an earlier build. */
  from: 'paid' | 'resumed'
  /** euros; 0 where nothing new was bought */
  estimate: number
}
