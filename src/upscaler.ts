import { setMaxListeners } from 'node:events'
import { existsSync } from 'node:fs'
import { join, normalize, sep } from 'node:path'
import { systemClock } from './core/clock.ts'
import { MagnificError, placeError } from './core/errors.ts'
import { limitLogger } from './core/logger.ts'
import type { Logger } from './core/logger.ts'
import type { MissPolicy, ResolvedOptions } from './core/options.ts'
import type { Request } from './core/request.ts'
import { createLookup } from './lookup.ts'
import type { Look } from './lookup.ts'
import type { MissHandler } from './miss.ts'
import type { Prefetch, ScanSources } from './prefetch.ts'
import { resetTally } from './progress.ts'
import { createRefusals } from './refusals.ts'
import { createReport, renderLine } from './report.ts'
import type { Origin, Report, ReportEntry } from './report.ts'
import { getShared } from './shared.ts'
import { finishSharing, flushSharing } from './sharing.ts'
import { describeVariant } from './shipment.ts'
import type { PlannedVariant, Reference, Shipment } from './shipment.ts'
import { checkFile } from './source-file.ts'
import { isDiskError } from './store/files.ts'
import { createVariantStore } from './store/variants.ts'

/** How one reference is answered, where that is not as the options say. */
export interface Manner {
  /** What is done when the result is not in the cache. */
  onMiss?: MissPolicy
  /** Aborts when nobody waits for the answer any more. */
  signal?: AbortSignal
  /** Of what somebody has agreed to: anything else is refused. */
  fingerprint?: string
}

/** Answers references with files. One for each plugin instance; what must be shared is shared underneath. */
export interface Upscaler {
  readonly options: ResolvedOptions
  /**
   * What is shipped for a reference, where all of it is in the cache. Takes no time; whatever is wrong is for `upscale` to
   * tell.
   *
   * @returns `undefined` where `upscale` has to be asked
   */
  find(reference: Reference): Shipment | undefined
  /**
   * The files to ship for a reference: from the cache, or as `onMiss` says.
   *
   * @throws MagnificError with the file and the importer named
   */
  upscale(reference: Reference, manner?: Manner): Promise<Shipment>
  /**
   * Looks at what takes no time: the query, whether there is a source, and the cache where `onMiss` is `'error'`. What is
   * in the source shows when the image is asked for.
   *
   * @throws MagnificError as `upscale` would
   */
  check(reference: Reference): Promise<void>
  /**
   * Reads a reference's query.
   *
   * @throws MagnificError `BAD_QUERY`, `SOURCE_REFUSED`
   */
  parse(reference: Reference): Request
  /**
   * Tells what will be shipped for a reference, without making any of it.
   *
   * @throws MagnificError as `upscale` would
   */
  plan(reference: Reference): Promise<PlannedVariant[]>
  /** Whether a path is that of a variant in the cache directory. */
  isVariant(path: string): boolean
  /** A build begins: what an earlier one was refused for is asked again. */
  begin(): void
  /** Begins to obtain what the sources refer to, where the option `prefetch` says so, and the host's sources are known. */
  prefetch(): void
  /**
   * A build is over: tells what it did, and keeps what was learned about files. Resolves when other machines can have what it
   * bought, or have been waited for long enough.
   */
  end(): Promise<void>
  /** Waits until other machines can have what was bought. */
  flush(): Promise<void>
  /**
   * A build failed elsewhere: stops waiting. What was submitted stays in the journal for the next build; resolves when
   * that is written.
   */
  abort(): Promise<void>
}

/**
 * @param hostLogger the host's own
 * @param scan reads the sources of the build, where the host can tell which they are
 * @param report what the build did is added to; one of its own, unless it is said
 */
export function createUpscaler(
  options: ResolvedOptions,
  hostLogger: Logger,
  scan?: ScanSources,
  report: Report = createReport(options),
): Upscaler {
  const logger = limitLogger(hostLogger, options.logLevel)
  const shared = getShared(options.root, options.cacheDir)
  const { memo, tally } = shared
  const variants = createVariantStore(shared.layout, memo)
  const running = new Set<Promise<Shipment>>()
  const refusals = createRefusals(options, logger, running, scan)
  const lookup = createLookup(options, shared, variants)
  let controller = createController()
  let missHandler: Promise<MissHandler> | undefined
  let prefetch: Promise<Prefetch> | undefined
  let standInWarned = false

  /** Of all that builds of this process have shipped so far: client and server are often two of them. */
  const writeReport = async (): Promise<void> => {
    if (options.report === undefined || options.command !== 'build') return
    const { writeBuildReport } = await import('./inspector/build-report.ts')
    await writeBuildReport(options, logger, [...(shared.met?.values() ?? [])], scan)
  }

  const loadMissHandler = async (): Promise<MissHandler> => {
    const { createMissHandler } = await import('./miss.ts')
    return createMissHandler({ options, shared, variants, logger })
  }

  const finish = (entry: ReportEntry): void => {
    const standsIn = entry.from === 'preview' || entry.from === 'original'
    if (standsIn && options.command === 'serve') {
      // Not kept: a server that runs for weeks is asked for more than the project holds.
      if (!standInWarned) logger.warn(describeStandIns(entry.from, options))
      standInWarned = true
      return
    }
    tally.asked.add(entry.image)
    tally.done.add(entry.image)
    report.add(entry)
    if (entry.from !== 'cached' && !process.stderr.isTTY) {
      logger.info(renderLine(entry, options.root))
    }
  }

  /** What is cached is told of at once. */
  const look = (reference: Reference, isAhead = false): Look & { image: string } => {
    const looked = lookup.look(reference)
    const { keys, fingerprint, shipment } = looked
    const { file } = reference
    const image = `${fingerprint}/${file}`
    if (options.report !== undefined && !isAhead) {
      const { query, importer } = reference
      shared.met ??= new Map()
      shared.met.set(`${file}?${query} ${importer}`, reference)
    }
    if (!isAhead) void prefetch?.then(({ use }) => use(fingerprint))
    // What is here is told of when the host asks for it.
    if (shipment && !isAhead) {
      tally.cached.add(image)
      finish({ image, keys, file, from: 'cached', duration: 0, estimate: 0, shipment })
    }
    return { ...looked, image }
  }

  const resolveVariants = async (
    reference: Reference,
    policy: MissPolicy,
    signal: AbortSignal,
    { isAhead = false, agreed }: { isAhead?: boolean; agreed?: string | undefined } = {},
  ): Promise<Shipment> => {
    const { shipment: cached, miss, keys, fingerprint, image } = look(reference, isAhead)
    if (agreed !== undefined && fingerprint !== agreed) throw otherImageError()
    if (cached) return cached
    const startedAt = Date.now()
    if (options.command === 'build' || policy === 'upscale') tally.asked.add(image)
    const { obtain } = await (missHandler ??= loadMissHandler())
    const { files, from, isShared, estimate } = await obtain(miss, policy, signal)
    if (from === 'cached') tally.cached.add(image)
    const shipment = lookup.ship(miss.request, files, fingerprint, from)
    const duration = from === 'cached' ? 0 : Date.now() - startedAt
    if (from !== 'cached' || !isAhead) {
      finish({ image, keys, file: miss.file, from, isShared, estimate, duration, shipment })
    }
    return shipment
  }

  /** While somebody edits, a picture is bought when it has come to rest, and not for each time that it is saved. */
  const resolveEdited: typeof resolveVariants = async (reference, policy, signal, settings) => {
    for (;;) {
      const { shipment } = look(reference)
      if (shipment) return shipment
      const { awaitSettled } = await import('./settle.ts')
      await awaitSettled(reference.file, systemClock, signal)
      try {
        return await resolveVariants(reference, policy, signal, settings)
      } catch (error) {
        if (!isChanged(error)) throw error
      }
    }
  }

  /** What stands in for a result is made of what the source holds by now. */
  const resolveStandIn: typeof resolveVariants = async (reference, policy, signal, settings) => {
    for (;;) {
      try {
        return await resolveVariants(reference, policy, signal, settings)
      } catch (error) {
        if (!isChanged(error)) throw error
      }
    }
  }

  const chooseResolver = (policy: MissPolicy): typeof resolveVariants => {
    if (policy !== 'upscale') return resolveStandIn
    return options.command === 'serve' ? resolveEdited : resolveVariants
  }

  const resolve = async (
    reference: Reference,
    { onMiss: policy = options.onMiss, signal, fingerprint: agreed }: Manner,
  ): Promise<Shipment> =>
    chooseResolver(policy)(
      reference,
      policy,
      signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
      { agreed },
    )

  /** Errors as a user reads them, with what they are about. */
  const place = (error: unknown, reference: Reference): unknown =>
    placeError(explainDisk(error, shared.layout.dir), reference)

  const variantsFolder = join(shared.layout.variants, sep)
  return {
    options,
    isVariant: (path) => {
      const normal = normalize(path)
      return (
        normal.startsWith(variantsFolder) ||
        (shared.cold !== undefined && normal.startsWith(join(shared.cold.spare.variants, sep)))
      )
    },
    find: (reference) => {
      try {
        return look(reference).shipment
      } catch {
        return undefined
      }
    },
    upscale: async (reference, manner = {}) => {
      const work = resolve(reference, manner)
      running.add(work)
      try {
        return await work
      } catch (error) {
        running.delete(work)
        throw place(await refusals.settle(error, reference), reference)
      } finally {
        running.delete(work)
      }
    },
    parse: lookup.parse,
    check: async (reference) => {
      try {
        lookup.parse(reference)
        if (options.onMiss === 'error') await resolve(reference, {})
        else checkFile(reference.file)
      } catch (error) {
        throw place(error, reference)
      }
    },
    plan: async (reference) => {
      try {
        const { shipment, miss } = lookup.look(reference)
        if (shipment) return shipment.variants.map((each) => describeVariant(each, shipment.origin))
        if (options.onMiss === 'original') {
          // How large a source is, and what is made of it, is not said by the query.
          const { variants: made, origin } = await resolve(reference, {})
          return made.map((each) => describeVariant(each, origin))
        }
        const { images, from } = await (await (missHandler ??= loadMissHandler())).plan(miss)
        return images.map((image) => ({ ...image, from }))
      } catch (error) {
        throw place(error, reference)
      }
    },
    begin: () => {
      if (controller.signal.aborted) controller = createController()
      refusals.reset()
      if (!shared.purchases.isIdle()) return
      resetTally(tally)
      delete shared.halt.error
    },
    prefetch: () => {
      if (!scan || options.prefetch === false || options.command !== 'build') return
      prefetch ??= import('./prefetch.ts').then(({ startPrefetch }) =>
        startPrefetch({
          options,
          logger,
          scan,
          upscale: async (reference, signal) =>
            resolveVariants(
              reference,
              options.onMiss,
              AbortSignal.any([signal, controller.signal]),
              { isAhead: true },
            ),
        }),
      )
    },
    end: async () => {
      void prefetch?.then(({ end }) => end())
      prefetch = undefined
      const summary = report.take()
      // What is left running has said what it did image by image.
      if (summary !== undefined && options.command === 'build') logger.info(summary)
      // A build that had nothing to keep leaves no directory behind.
      if (existsSync(shared.layout.dir)) memo.save()
      if (!controller.signal.aborted) await writeReport()
      await finishSharing(shared)
    },
    flush: async () => flushSharing(shared),
    abort: async () => {
      const reason = new MagnificError(
        'ABORTED',
        'The build ended before this image was done. What was submitted is kept: build again, and it is not paid again.',
      )
      controller.abort(reason)
      await Promise.allSettled([...running, prefetch?.then(async ({ abort }) => abort(reason))])
      prefetch = undefined
      await finishSharing(shared)
    },
  }
}

/** It is another picture than the one that was looked at. */
function otherImageError(): MagnificError {
  return new MagnificError(
    'SOURCE_CHANGED',
    'The image has changed since it was looked at. Nothing was bought: look at it again.',
  )
}

function describeStandIns(from: Origin, { onMiss }: ResolvedOptions): string {
  return onMiss === 'upscale'
    ? `magnific: images that are not in the cache are being upscaled; until then, ${from}s stand in for them.`
    : `magnific: images that are not in the cache are not upscaled here; ${from}s stand in for them.`
}

/** Whether a source is not what it was when work on it began. */
function isChanged(error: unknown): boolean {
  return error instanceof MagnificError && error.code === 'SOURCE_CHANGED'
}

/** As many images as there are may listen to its signal. */
function createController(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

/** An error of the file system about the cache directory, in our own words; others are returned as they came. */
function explainDisk(error: unknown, dir: string): unknown {
  if (!isDiskError(error) || (error.path !== undefined && !error.path.startsWith(dir))) return error
  return new MagnificError(
    'CACHE_FAILED',
    `The cache directory ${dir} cannot be used (${error.message}). Nothing that was paid for is lost. Mend that, or set the option \`cache.dir\`, and build again.`,
    { cause: error },
  )
}
