import { copyFile } from 'node:fs/promises'
import pLimit from 'p-limit'
import type { Client } from './api/client.ts'
import { createClient } from './api/client.ts'
import { systemClock } from './core/clock.ts'
import { MagnificError } from './core/errors.ts'
import type { Logger } from './core/logger.ts'
import type { ResolvedOptions } from './core/options.ts'
import { scaleOf } from './core/params.ts'
import type { Request } from './core/request.ts'
import { inspectSource } from './image/inspect.ts'
import { renderPreview, renderVariant } from './image/variants.ts'
import { createProgress } from './progress.ts'
import type { Order } from './purchase/order.ts'
import { purchase } from './purchase/purchase.ts'
import type { Origin } from './report.ts'
import type { Shared } from './shared.ts'
import { createBlobStore } from './store/blobs.ts'
import type { BlobStore } from './store/blobs.ts'
import { createJournal } from './store/journal.ts'
import { prepareLayout } from './store/layout.ts'
import { createRecordStore } from './store/records.ts'
import type { RecordStore, ResultRecord } from './store/records.ts'
import { computeVariantKey } from './store/variants.ts'
import type { VariantInfo, VariantStore } from './store/variants.ts'

/** A reference whose variant is not in the cache. */
export interface Miss {
  file: string
  sourceHash: string
  fingerprint: string
  request: Request
}

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
  halt: { error?: MagnificError }
}

/** Turns a reference whose variant is missing into a file: from the stored result, or as `onMiss` says. */
export type MissHandler = (miss: Miss, signal: AbortSignal) => Promise<Obtained>

/** Everything that a warm build does without is imported by this module and those below it. */
export function createMissHandler(context: MissContext): MissHandler {
  const { options, shared, variants } = context
  prepareLayout(shared.layout)
  const cold = (shared.cold ??= {
    tasks: pLimit(options.concurrency),
    pictures: pLimit(2),
    progress: createProgress([process.stderr, process.stdout], shared.tally),
  })
  const blobs = createBlobStore(shared.layout, shared.memo)
  const records = createRecordStore(shared.layout)
  const order = createOrderer(context, blobs, records)

  /** Makes the variant of a key once, whoever asks, unless it is there. */
  const make = async (
    key: string,
    { file, request: { directives } }: Miss,
    write: (tmp: string) => Promise<Omit<VariantInfo, 'sha256' | 'format'>>,
  ): Promise<string> => {
    const path = variants.path(key, file)
    await shared.derivations.run(path, undefined, async () => {
      if (variants.find(key, file)) return
      await cold.pictures(async () =>
        variants.put(key, file, async (tmp) => ({
          ...(await write(tmp)),
          format: directives.format,
        })),
      )
    })
    return path
  }

  const derive = async (miss: Miss, { result, source }: ResultRecord): Promise<string> => {
    const { directives } = miss.request
    return make(computeVariantKey(miss.fingerprint, directives), miss, async (tmp) => {
      const written = await renderVariant(
        { ...result, file: blobs.path(result.sha256) },
        directives,
        tmp,
      )
      return { ...written, source }
    })
  }

  /** What is shipped in place of a result has a key of its own, and is never taken for one. */
  const standIn = async (miss: Miss, kind: 'preview' | 'original'): Promise<string> => {
    const { directives, params } = miss.request
    const scale = kind === 'preview' ? scaleOf(params) : 1
    const key = computeVariantKey(`${kind}:${miss.sourceHash}:${scale}`, directives)
    return make(key, miss, async (tmp) => {
      const source = await inspectSource(miss.file, scale, directives.format)
      if (kind === 'preview') {
        return { ...(await renderPreview(source, scale, directives, tmp)), source }
      }
      await copyFile(source.file, tmp)
      return { bytes: source.bytes, width: source.width, height: source.height, source }
    })
  }

  return async (miss, signal) => {
    const stored = await records.find(miss.fingerprint)
    if (stored && blobs.verify(stored.result.sha256)) {
      return { file: await derive(miss, stored), from: 'cached', estimate: 0 }
    }
    switch (options.onMiss) {
      case 'upscale': {
        const { record, from, estimate } = await order({ ...miss, knownTask: stored?.task }, signal)
        return { file: await derive(miss, record), from, estimate }
      }
      case 'preview':
      case 'original':
        return { file: await standIn(miss, options.onMiss), from: options.onMiss, estimate: 0 }
      case 'error':
        throw new MagnificError(
          'NOT_CACHED',
          "The upscaled image is not in the cache, and onMiss: 'error' buys nothing. " +
            `Build once where the image may be bought, and bring ${shared.layout.dir} along.`,
        )
    }
  }
}

type Orderer = (
  order: Order,
  signal: AbortSignal,
) => Promise<{ record: ResultRecord; from: Origin; estimate: number }>

/** Buys, once for a fingerprint however many ask. */
function createOrderer(context: MissContext, blobs: BlobStore, records: RecordStore): Orderer {
  const { options, shared, logger } = context
  const journal = createJournal(shared.layout)
  let client: Client | undefined

  return async (order, signal) => {
    const { value, joined } = await shared.purchases.run(
      order.fingerprint,
      signal,
      async (flightSignal) => {
        const item = shared.cold?.progress.begin()
        try {
          return await purchase(
            order,
            {
              service: options.service,
              deadline: options.deadline,
              clock: systemClock,
              journal,
              blobs,
              records,
              client: () => (client ??= createClient({ ...options, apiKey: requireKey(options) })),
              limit: async (work) => (shared.cold ? shared.cold.tasks(work) : work()),
              halt: context.halt,
              warn: (message) => logger.warn(`magnific: ${message}`),
              onPhase: ({ kind, estimate }) => item?.update(kind, estimate),
            },
            flightSignal,
          )
        } finally {
          item?.done()
        }
      },
    )
    // Who joined did not pay: one purchase is counted once.
    return joined ? { ...value, from: 'cached', estimate: 0 } : value
  }
}

function requireKey({ apiKey, service }: ResolvedOptions): string {
  if (apiKey !== undefined) return apiKey
  throw new MagnificError(
    'NO_API_KEY',
    'The upscaled image is not in the cache, and there is no API key to buy it with. ' +
      `Set FREEPIK_API_KEY in the environment${service === 'local' ? ' (the emulator takes any value)' : ''}, or build with MAGNIFIC_ON_MISS=preview to go on with local previews.`,
  )
}
