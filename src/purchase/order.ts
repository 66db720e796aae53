import type { Client } from '../api/client.ts'
import type { Clock } from '../core/clock.ts'
import type { MagnificError } from '../core/errors.ts'
import type { Request } from '../core/request.ts'
import type { BlobStore } from '../store/blobs.ts'
import type { Attempt, Journal } from '../store/journal.ts'
import type { RecordStore, ResultRecord } from '../store/records.ts'

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
  /** Part of the fingerprint: see `serviceOf`. */
  service: string
  /** The longest wait for one task, ms. */
  deadline: number
  clock: Clock
  journal: Journal
  blobs: BlobStore
  records: RecordStore
  /** @throws MagnificError `NO_API_KEY` */
  client: () => Client
  /** Runs the work when fewer than `concurrency` tasks are in flight. */
  limit: <T>(work: () => Promise<T>) => Promise<T>
  /** Set by the first answer that makes all further spending pointless; everybody looks before spending. */
  halt: { error?: MagnificError }
  warn: (message: string) => void
  onPhase: (phase: Phase) => void
}

/** Where an order stands, for the progress line. */
export interface Phase {
  kind: 'submitting' | 'upscaling' | 'downloading'
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

/** A result that is in the store now. */
export interface Purchased {
  record: ResultRecord
  /** `paid`: submitted just now. `resumed`: paid for by an earlier build. */
  from: 'paid' | 'resumed'
  /** euros; 0 where nothing new was bought */
  estimate: number
}
