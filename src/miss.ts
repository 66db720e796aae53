import { randomBytes } from 'node:crypto'
import { constants, copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { MagnificError } from './core/errors.ts'
import type { Logger } from './core/logger.ts'
import type { MissPolicy, ResolvedOptions } from './core/options.ts'
import { scaleOf } from './core/params.ts'
import type { Orderer } from './orders.ts'
import { createProgress } from './progress.ts'
import type { Order } from './purchase/order.ts'
import type { Origin } from './report.ts'
import type { Shared } from './shared.ts'
import { createBlobStore } from './store/blobs.ts'
import { createJournal } from './store/journal.ts'
import { createLayout, prepareLayout } from './store/layout.ts'
import { createMemo } from './store/memo.ts'
import { createRecordStore } from './store/records.ts'
import type { ResultRecord } from './store/records.ts'
import { computeVariantKey } from './store/variants.ts'
import type { VariantStore } from './store/variants.ts'
import { createVariantMaker } from './variant-maker.ts'

/** A reference whose variant is not in the cache. */
export type Miss = Omit<Order, 'knownTask'>

/** What came of a miss. */
export interface Obtained {
  /** The file to ship, absolute. */
  file: string
  from: Origin
  /** euros */
  estimate: number
}

/** What a miss is handled with. */
export interface MissContext {
  options: ResolvedOptions
  shared: Shared
  variants: VariantStore
  logger: Logger
}

/** Turns a reference whose variant is missing into a file: from the stored result, or as the policy says. */
export type MissHandler = (miss: Miss, policy: MissPolicy, signal: AbortSignal) => Promise<Obtained>

/**
 * Everything that a build with all variants does without is imported by this module. What touches pixels or the network
 * is imported when it comes to that: a checkout that has the results, but not the variants, mostly copies files.
 */
export function createMissHandler(context: MissContext): MissHandler {
  const { options, shared, variants, logger } = context
  const cold = prepareShared(context)
  const warn = (message: string): void => logger.warn(`magnific: ${message}`)
  const blobs = createBlobStore(shared.layout, shared.memo, warn)
  const records = createRecordStore(shared.layout, warn)
  const journal = createJournal(shared.layout)
  const spareBlobs = createBlobStore(cold.spare, createMemo(cold.spare))
  const make = createVariantMaker(shared, cold.spare, variants, warn)
  let orderer: Promise<Orderer> | undefined

  const loadOrderer = async (): Promise<Orderer> => {
    const { createOrderer } = await import('./orders.ts')
    return createOrderer({ ...context, cold, blobs, spare: spareBlobs, records, journal })
  }

  /** The record of a result that is there. Where it is lost, the journal and the paid bytes may know enough for another one. */
  const findRecord = async (miss: Miss): Promise<ResultRecord | undefined> => {
    const record = await records.find(miss.fingerprint)
    if (record) return record
    const attempt = await journal.find(miss.fingerprint)
    if (attempt?.outcome?.kind !== 'completed' || attempt.voided !== undefined) return undefined
    const { recoverRecord } = await import('./purchase/recover.ts')
    return recoverRecord(miss, attempt, { service: options.service, blobs, records })
  }

  const derive = async (
    miss: Miss,
    { result, source }: ResultRecord,
    blob: string,
  ): Promise<string> => {
    const { file, request } = miss
    const { directives } = request
    const { format, ...copy } = result
    const key = computeVariantKey(miss.fingerprint, directives)
    if (format === directives.format) {
      return make({ key, file, directives, limit: cold.copies }, async (tmp) => {
        // Sharing its blocks where the file system can.
        await copyFile(blob, tmp, constants.COPYFILE_FICLONE)
        return { ...copy, source }
      })
    }
    return make({ key, file, directives, limit: cold.pictures }, async (tmp) => {
      const { convertImage } = await import('./image/variants.ts')
      return { ...(await convertImage(blob, directives, tmp)), source }
    })
  }

  /** What is shipped in place of a result has a key of its own, and is never taken for one. */
  const standIn = async (
    miss: Miss,
    kind: 'preview' | 'original',
    signal: AbortSignal,
  ): Promise<string> => {
    const { file, request } = miss
    const { directives, params } = request
    const scale = kind === 'preview' ? scaleOf(params) : 1
    const key = computeVariantKey(`${kind}:${miss.sourceHash}:${scale}`, directives)
    return make({ key, file, directives, limit: cold.pictures, signal }, async (tmp) => {
      const { inspectSource, measureSource } = await import('./image/inspect.ts')
      const measured = await measureSource(miss.file, scale, directives.format)
      const { bytes, width, height } = measured
      const source = { bytes, width, height }
      if (kind === 'original') {
        await copyFile(miss.file, tmp)
        return { ...source, source }
      }
      const { renderPreview } = await import('./image/variants.ts')
      try {
        return { ...(await renderPreview(measured, scale, directives, tmp)), source }
      } catch (error) {
        // Says what is wrong with the picture, if it is the picture.
        await inspectSource(miss.file, scale, directives.format)
        throw error
      }
    })
  }

  /** Nothing is bought before the cache directory has shown that it takes what is written. */
  const prepare = async (): Promise<void> => {
    await (shared.prepared ??= prepareLayout(shared.layout, Date.now()).catch((error: unknown) => {
      // While a process watches, the disk may be mended.
      delete shared.prepared
      throw error
    }))
  }

  return async (miss, policy, signal) => {
    const stored = await findRecord(miss)
    const blob = stored && blobs.verify(stored.result.sha256)
    if (stored && blob !== undefined) {
      return { file: await derive(miss, stored, blob), from: 'cached', estimate: 0 }
    }
    if (policy === 'error') {
      throw new MagnificError(
        'NOT_CACHED',
        "The upscaled image is not in the cache, and onMiss: 'error' buys nothing. " +
          `Build once where the image may be bought, and bring ${shared.layout.dir} along.`,
      )
    }
    if (policy === 'upscale') {
      await prepare()
      const order = await (orderer ??= loadOrderer())
      const { record, file, from, estimate } = await order(
        { ...miss, knownTask: stored?.task },
        signal,
      )
      return { file: await derive(miss, record, file), from, estimate }
    }
    await prepare().catch(() => {})
    return { file: await standIn(miss, policy, signal), from: policy, estimate: 0 }
  }
}

function prepareShared({ options, shared }: MissContext): NonNullable<Shared['cold']> {
  const cold = (shared.cold ??= {
    tasks: pLimit(options.concurrency),
    pictures: pLimit(2),
    copies: pLimit(16),
    progress: createProgress([process.stderr, process.stdout], shared.tally),
    spare: createLayout(
      join(tmpdir(), `unplugin-magnific-${process.pid}-${randomBytes(6).toString('hex')}`),
    ),
  })
  // Of several plugin instances, the most careful one counts.
  cold.tasks.concurrency = Math.min(cold.tasks.concurrency, options.concurrency)
  return cold
}
