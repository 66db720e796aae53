import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { systemClock } from './core/clock.ts'
import type { Directives } from './core/directives.ts'
import { MagnificError } from './core/errors.ts'
import { maxOutputPixels } from './core/limits.ts'
import type { Logger } from './core/logger.ts'
import type { AlphaPolicy, MissPolicy, ResolvedOptions } from './core/options.ts'
import { scaleOf } from './core/params.ts'
import { createWeightedLimit } from './core/weighted-limit.ts'
import { createDeriver, isPlain } from './derive/deriver.ts'
import type { Base } from './derive/deriver.ts'
import type { Size } from './image/inspect.ts'
import type { PlannedImage } from './image/variants.ts'
import type { Orderer } from './orders.ts'
import type { Elsewhere } from './purchase/fetch-shared.ts'
import { createProgress } from './progress.ts'
import type { Order } from './purchase/order.ts'
import type { Origin } from './report.ts'
import { prepareCache } from './shared.ts'
import type { Shared } from './shared.ts'
import { openSharing } from './sharing.ts'
import { createStandIns } from './derive/stand-ins.ts'
import type { ExaminedImage } from './derive/stand-ins.ts'
import { verifySource } from './source-file.ts'
import { mayBePaid } from './store/attempt.ts'
import { createBlobStore } from './store/blobs.ts'
import { createJournal } from './store/journal.ts'
import { createLayout } from './store/layout.ts'
import { createMemo } from './store/memo.ts'
import { createRecordStore, needsAlpha } from './store/records.ts'
import type { ResultRecord } from './store/records.ts'
import type { VariantStore } from './store/variants.ts'
import { createVariantMaker } from './derive/variant-maker.ts'

/** A reference whose variants are not all in the cache. */
export type Miss = Omit<Order, 'knownTask'> & {
  /** What the keys of the variants are made from: see `computeVariantKey`. */
  origin: string
}

/** What came of a miss. */
export interface Obtained {
  /** The files to ship, absolute: one for each variant of the request. */
  files: string[]
  from: Origin
  /** Whether it is cached because another machine had it. */
  isShared?: boolean
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

/** Turns a reference whose variants are missing into files: from the stored result, or as the policy says. */
export interface MissHandler {
  obtain(miss: Miss, policy: MissPolicy, signal: AbortSignal): Promise<Obtained>
  /** What the variants will be, in order, without making them; and what they will come from for now. */
  plan(miss: Miss): Promise<{
    images: (PlannedImage & { directives: Directives })[]
    from: 'cached' | 'preview'
    /** What they are derived from: the result, or what it will be. */
    size: Size
  }>
}

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
  const make = createVariantMaker(shared, cold.spare, variants, systemClock, warn)
  const deriver = createDeriver(options, cold, make)
  const standIns = createStandIns(options, shared.memo, cold, make, deriver)
  let orderer: Promise<Orderer> | undefined
  const told = new Set<string>()

  const loadOrderer = async (): Promise<Orderer> => {
    const { createOrderer } = await import('./orders.ts')
    const sharing = await openSharing(shared, options, logger)
    return createOrderer({
      ...context,
      cold,
      blobs,
      spare: spareBlobs,
      records: sharing?.shareRecords(records, blobs) ?? records,
      journal: sharing?.shareJournal(journal) ?? journal,
    })
  }

  /** What other machines have of a result that is not here. */
  const findElsewhere = async (
    { fingerprint }: Miss,
    signal: AbortSignal,
  ): Promise<Elsewhere | undefined> => {
    const sharing = await openSharing(shared, options, logger)
    if (!sharing) return undefined
    const { fetchShared } = await import('./purchase/fetch-shared.ts')
    const { results } = sharing
    const { value } = await shared.fetches.run(`${sharing.id}/${fingerprint}`, signal, async () =>
      cold.downloads(async () => {
        await prepareCache(shared).catch(() => {})
        return fetchShared(fingerprint, { results, blobs, spare: spareBlobs, records })
      }),
    )
    if (value?.kind === 'damaged') {
      warn(
        `The shared cache (${sharing.remote.name()}) holds the result ${fingerprint.slice(0, 12)}, and it is damaged: ${value.reason}.`,
      )
    }
    return value
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

  /** What variants of a result are derived from: its bytes, or these with the source's transparency. */
  const openResult = async (
    { file, sourceHash, origin }: Miss,
    record: ResultRecord,
    blob: string,
  ): Promise<Base> => {
    const { width, height, format, sha256 } = record.result
    const source = await describeSource(file, record)
    const verify = (): void => verifySource(file, sourceHash, shared.memo)
    const result = { origin, file: blob, format, size: { width, height }, source, sha256 }
    // Metadata is the source's.
    const base = { ...result, ...(options.keepMetadata && { verify }) }
    // What was sent opaque is never what anybody wants to see as it came.
    if (options.alpha === 'keep-result' && record.alpha !== 'join') return base
    const isOpaque = needsAlpha(record) ?? (await (await loadAlpha()).lacksAlpha(file, blob))
    if (!isOpaque) return base
    const oddity = describeOtherAlpha(file, record.alpha, options.alpha)
    if (oddity !== undefined && !told.has(record.fingerprint)) warn(oddity)
    told.add(record.fingerprint)
    return deriver.join(file, { ...base, verify })
  }

  /** The variants of a result that is there. */
  const deriveResult = async (
    miss: Miss,
    record: ResultRecord,
    blob: string,
  ): Promise<string[]> => {
    const { file, request } = miss
    const base = await openResult(miss, record, blob)
    return Promise.all(request.variants.map(async (each) => deriver.derive(file, base, each)))
  }

  /** What can be told of an image before anything is spent on it: its header, and what its variants will be. */
  const examine = async (miss: Miss): Promise<ExaminedImage> => {
    const { file, request } = miss
    const { isTransparent } = await import('./image/decode.ts')
    const { measureSource } = await import('./image/inspect.ts')
    const scale = scaleOf(request.params)
    const measured = await measureSource(file, scale, options)
    const output = { width: measured.sent.width * scale, height: measured.sent.height * scale }
    await deriver.check(request, output, async () => measured.hasAlpha && isTransparent(file))
    return { ...measured, output }
  }

  /** What is made of a result that is there costs nothing, and may still be impossible. */
  const checkStored = async (miss: Miss, { result, source }: ResultRecord): Promise<void> => {
    const { file, request } = miss
    const [only, ...others] = request.variants
    if (only && others.length === 0 && isPlain(only, result.format)) return
    await deriver.check(request, result, async () => {
      if (source.transparent !== undefined) return source.transparent
      const { isTransparent, readHeader } = await import('./image/decode.ts')
      return (await readHeader(file)).hasAlpha && isTransparent(file)
    })
  }

  /** Whether what a result is fetched by is known here. */
  const knowsTask = async ({ fingerprint }: Miss, stored?: ResultRecord): Promise<boolean> => {
    if (stored && stored.task !== '') return true
    const attempt = await journal.find(fingerprint)
    return attempt !== undefined && mayBePaid(attempt)
  }

  /** Where the bytes are elsewhere, who is content with a stand-in gets one. */
  const findBlob = ({ result }: ResultRecord, policy: MissPolicy): string | undefined => {
    try {
      return blobs.verify(result.sha256)
    } catch (error) {
      const isContent = policy === 'preview' || policy === 'original'
      if (!isContent || !(error instanceof MagnificError)) throw error
      // The first of many: one command mends them all.
      if (!told.has(error.code)) warn(`${error.text} Until then, ${policy}s stand in for such.`)
      told.add(error.code)
      return undefined
    }
  }

  const obtain: MissHandler['obtain'] = async (miss, policy, signal) => {
    const stored = await findRecord(miss)
    const blob = stored && findBlob(stored, policy)
    if (stored && blob !== undefined) {
      await checkStored(miss, stored)
      return { files: await deriveResult(miss, stored, blob), from: 'cached', estimate: 0 }
    }
    let elsewhere = await findElsewhere(miss, signal)
    if (elsewhere?.kind === 'unknown' && policy === 'upscale' && !(await knowsTask(miss, stored))) {
      // What nobody here has paid for is that of the shared cache, or of nobody: it has to be known.
      elsewhere = await findElsewhere(miss, signal)
      if (elsewhere?.kind === 'unknown') throw elsewhere.error
    }
    if (elsewhere?.kind === 'whole') {
      await checkStored(miss, elsewhere.record)
      const files = await deriveResult(miss, elsewhere.record, elsewhere.file)
      return { files, from: 'cached', isShared: true, estimate: 0 }
    }
    // Whatever was asked for: what is bought has to be written down.
    if (policy === 'error' || (policy === 'upscale' && options.readOnly)) {
      throw notCachedError(elsewhere)
    }
    if (policy === 'upscale') {
      await prepareCache(shared)
      await examine(miss)
      const order = await (orderer ??= loadOrderer())
      const { record, file, from, estimate } = await order(
        {
          ...miss,
          knownTask: stored?.task ?? (elsewhere?.kind === 'damaged' ? elsewhere.task : undefined),
        },
        signal,
      )
      // The API may have answered with another size.
      await checkStored(miss, record)
      return { files: await deriveResult(miss, record, file), from, estimate }
    }
    await prepareCache(shared).catch(() => {})
    const image = await examine(miss)
    const files =
      policy === 'preview'
        ? await standIns.makePreviews(miss, image, signal)
        : await standIns.makeOriginals(miss, image, signal)
    return { files, from: policy, estimate: 0 }
  }

  const notCachedError = (elsewhere: Elsewhere | undefined): MagnificError => {
    const why = options.readOnly ? 'a cache that is read only' : "onMiss: 'error'"
    const bring = options.sharing ? '' : `, and bring ${shared.layout.dir} along`
    const unknown =
      elsewhere?.kind === 'unknown'
        ? ` The shared cache cannot be read (${elsewhere.error.reason}), and may have it.`
        : ''
    return new MagnificError(
      'NOT_CACHED',
      `The upscaled image is not in the cache, and ${why} buys nothing.${unknown} Build once where the image may be bought${bring}.`,
      { cause: elsewhere?.kind === 'unknown' ? elsewhere.error : undefined },
    )
  }

  return {
    obtain,
    plan: async (miss) => {
      const stored = await findRecord(miss)
      if (stored) await checkStored(miss, stored)
      const { variants: wanted } = miss.request
      const size = stored?.result ?? (await examine(miss)).output
      const { planVariant } = await import('./image/variants.ts')
      const images = await Promise.all(
        wanted.map(async (directives) => ({
          ...(await planVariant(size, directives)),
          directives,
        })),
      )
      return { images, from: stored ? 'cached' : 'preview', size }
    },
  }
}

/** The figures of a source that reports tell. */
async function describeSource(file: string, { source }: ResultRecord): Promise<Base['source']> {
  const { bytes, width, height } = source
  if (bytes !== undefined && width !== undefined && height !== undefined) {
    return { bytes, width, height }
  }
  // The result was fetched while the source was somewhere else.
  const { measureSource } = await import('./image/inspect.ts')
  const measured = await measureSource(file, 1, { onTooLarge: 'downscale' })
  return { bytes: measured.bytes, width: measured.width, height: measured.height }
}

/** How an image was sent is not changed by an option, unless it is bought anew. */
function describeOtherAlpha(
  file: string,
  bought: AlphaPolicy | undefined,
  wanted: AlphaPolicy,
): string | undefined {
  if (bought === undefined || bought === wanted) return undefined
  return bought === 'join'
    ? `${file} was bought with alpha: 'join', that is sent opaque, and ships with its own transparency all the same. Change the image to have it sent with alpha: 'keep-result'.`
    : `${file} was bought with alpha: 'keep-result', so that its edges may show the ground that the API laid it on. Take that option for it, or change the image to have it bought anew.`
}

async function loadAlpha(): Promise<typeof import('./image/alpha.ts')> {
  return import('./image/alpha.ts')
}

/** Pixels of pictures that are decoded and encoded at once, which takes memory by the pixel: two of the largest. */
const pixelsAtOnce = 2 * maxOutputPixels

function prepareShared({ options, shared }: MissContext): NonNullable<Shared['cold']> {
  const cold = (shared.cold ??= {
    queue: pLimit(options.concurrency),
    tasks: pLimit(options.concurrency),
    downloads: pLimit(4),
    pictures: createWeightedLimit(pixelsAtOnce),
    previews: pLimit(2),
    copies: pLimit(16),
    progress: createProgress([process.stderr, process.stdout], shared.tally),
    spare: createLayout(
      join(tmpdir(), `unplugin-magnific-${process.pid}-${randomBytes(6).toString('hex')}`),
    ),
  })
  // Of several plugin instances, the most careful one counts.
  cold.tasks.concurrency = Math.min(cold.tasks.concurrency, options.concurrency)
  cold.queue.concurrency = cold.tasks.concurrency
  return cold
}
