import { setMaxListeners } from 'node:events'
import { statSync } from 'node:fs'
import { join, normalize, sep } from 'node:path'
import { systemClock } from './core/clock.ts'
import { BudgetError, MagnificError, placeError } from './core/errors.ts'
import { computeFingerprint } from './core/fingerprint.ts'
import { limitLogger } from './core/logger.ts'
import type { Logger } from './core/logger.ts'
import type { MissPolicy, ResolvedOptions } from './core/options.ts'
import { parseRequest } from './core/request.ts'
import type { Request } from './core/request.ts'
import type { Miss, MissHandler } from './miss.ts'
import { resetTally } from './progress.ts'
import { createRefusals } from './refusals.ts'
import { createReport, renderLine } from './report.ts'
import type { Origin, ReportEntry } from './report.ts'
import { getShared } from './shared.ts'
import { isDiskError, isMissing } from './store/files.ts'
import type { Memo } from './store/memo.ts'
import { computeVariantKey, createVariantStore } from './store/variants.ts'

/** An image as a module refers to it. */
export interface Reference {
  /** The source, an absolute path. */
  file: string
  /** Without the question mark. */
  query: string
  /** The module that refers to it, where the host tells. */
  importer?: string | undefined
}

/** What is shipped for a reference. */
export interface Variant {
  /** An absolute path; its name is the source's. */
  file: string
  from: Origin
  /** What the host has still to see of the query: see `Request`. */
  hostQuery: string
}

/** How one reference is answered, where that is not as the options say. */
export interface Manner {
  /** What is done when the result is not in the cache. */
  onMiss?: MissPolicy
  /** Aborts when nobody waits for the answer any more. */
  signal?: AbortSignal
}

/** Answers references with files. One for each plugin instance; what must be shared is shared underneath. */
export interface Upscaler {
  readonly options: ResolvedOptions
  /**
   * The variant of a reference, where it is in the cache. Takes no time; whatever is wrong is for `upscale` to tell.
   *
   * @returns `undefined` where `upscale` has to be asked
   */
  find(reference: Reference): Variant | undefined
  /**
   * The file to ship for a reference: from the cache, or as `onMiss` says.
   *
   * @throws MagnificError with the file and the importer named
   */
  upscale(reference: Reference, manner?: Manner): Promise<Variant>
  /**
   * Looks at what takes no time: the query, whether there is a source, and the cache where `onMiss` is `'error'`. What is
   * in the source shows when the image is asked for.
   *
   * @throws MagnificError as `upscale` would
   */
  check(reference: Reference): Promise<void>
  /** Whether a path is that of a variant in the cache directory. */
  isVariant(path: string): boolean
  /** A build begins: what an earlier one was refused for is asked again. */
  begin(): void
  /** A build is over: tells what it did, and keeps what was learned about files. */
  end(): void
  /**
   * A build failed elsewhere: stops waiting. What was submitted stays in the journal for the next build; resolves when
   * that is written.
   */
  abort(): Promise<void>
}

/** What is known of a reference without waiting for anything. */
type Look =
  | { variant: Variant; miss?: never; entry?: never }
  | { variant?: never; miss: Miss; entry: Omit<ReportEntry, 'readInfo'> }

/**
 * @param logger the host's own
 */
export function createUpscaler(options: ResolvedOptions, hostLogger: Logger): Upscaler {
  const logger = limitLogger(hostLogger, options.logLevel)
  const shared = getShared(options.root, options.cacheDir)
  const { memo, tally } = shared
  const variants = createVariantStore(shared.layout, memo)
  const report = createReport(options)
  const running = new Set<Promise<Variant>>()
  const refusals = createRefusals(options.root, logger, running)
  const requests = new Map<string, Request>()
  let controller = createController()
  let missHandler: Promise<MissHandler> | undefined
  let standInWarned = false

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
    tally.asked.add(entry.key)
    tally.done.add(entry.key)
    report.add(entry)
    if (entry.from !== 'cached' && !process.stderr.isTTY) {
      logger.info(renderLine(entry, options.root))
    }
  }

  /** Read once for each query and extension: a project's images share a few. */
  const parse = (file: string, query: string): Request => {
    const key = `${file.slice(file.lastIndexOf('.'))}?${query}`
    const known = requests.get(key)
    if (known) return known
    const request = parseRequest(file, query, options)
    if (requests.size === plentyOfQueries) requests.clear()
    requests.set(key, request)
    return request
  }

  /** What a reference means, and its variant where there is one. */
  const look = ({ file, query }: Reference): Look => {
    const request = parse(file, query)
    const sourceHash = hashSource(file, memo)
    const fingerprint = computeFingerprint(options.service, sourceHash, request.params)
    const key = computeVariantKey(fingerprint, request.directives)
    const reportKey = `${key}/${file}`
    const entry = { key: reportKey, file, from: 'cached', duration: 0, estimate: 0 } as const
    const path = variants.find(key, file)
    if (path === undefined) return { miss: { file, sourceHash, fingerprint, request }, entry }
    tally.cached.add(reportKey)
    finish({ ...entry, readInfo: () => variants.readInfo(path) })
    return { variant: { file: path, from: 'cached', hostQuery: request.hostQuery } }
  }

  const resolveVariant = async (
    reference: Reference,
    policy: MissPolicy,
    signal: AbortSignal,
  ): Promise<Variant> => {
    const { variant, miss, entry } = look(reference)
    if (variant) return variant
    const startedAt = Date.now()
    if (options.command === 'build' || policy === 'upscale') tally.asked.add(entry.key)
    missHandler ??= loadMissHandler()
    const handle = await missHandler
    const obtained = await handle(miss, policy, signal)
    if (obtained.from === 'cached') tally.cached.add(entry.key)
    finish({
      ...entry,
      ...obtained,
      file: miss.file,
      duration: obtained.from === 'cached' ? 0 : Date.now() - startedAt,
      readInfo: () => variants.readInfo(obtained.file),
    })
    return { file: obtained.file, from: obtained.from, hostQuery: miss.request.hostQuery }
  }

  /** While somebody edits, a picture is bought when it has come to rest, and not for each time that it is saved. */
  const resolveEdited: typeof resolveVariant = async (reference, policy, signal) => {
    for (;;) {
      const { variant } = look(reference)
      if (variant) return variant
      const { awaitSettled } = await import('./settle.ts')
      await awaitSettled(reference.file, systemClock, signal)
      try {
        return await resolveVariant(reference, policy, signal)
      } catch (error) {
        if (!(error instanceof MagnificError) || error.code !== 'SOURCE_CHANGED') throw error
      }
    }
  }

  const resolve = async (
    reference: Reference,
    { onMiss: policy = options.onMiss, signal }: Manner,
  ): Promise<Variant> =>
    (options.command === 'serve' && policy === 'upscale' ? resolveEdited : resolveVariant)(
      reference,
      policy,
      signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
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
        return look(reference).variant
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
        const told =
          error instanceof BudgetError ? await refusals.settle(error, reference.file) : error
        throw place(told, reference)
      } finally {
        running.delete(work)
      }
    },
    check: async (reference) => {
      try {
        parse(reference.file, reference.query)
        if (options.onMiss === 'error') await resolve(reference, {})
        else checkFile(reference.file)
      } catch (error) {
        throw place(error, reference)
      }
    },
    begin: () => {
      if (controller.signal.aborted) controller = createController()
      if (!shared.purchases.isIdle()) return
      resetTally(tally)
      delete shared.halt.error
    },
    end: () => {
      const summary = report.take()
      // What is left running has said what it did image by image.
      if (summary !== undefined && options.command === 'build') logger.info(summary)
      memo.save()
    },
    abort: async () => {
      controller.abort(
        new MagnificError(
          'ABORTED',
          'The build ended before this image was done. What was submitted is kept: build again, and it is not paid again.',
        ),
      )
      await Promise.allSettled(running)
    },
  }
}

/** Requests by hand may hold any number of queries; a project has a few. */
const plentyOfQueries = 1000

function describeStandIns(from: Origin, { onMiss }: ResolvedOptions): string {
  return onMiss === 'upscale'
    ? `magnific: images that are not in the cache are being upscaled; until then, ${from}s stand in for them.`
    : `magnific: images that are not in the cache are not upscaled here; ${from}s stand in for them.`
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

function hashSource(file: string, memo: Memo): string {
  try {
    return memo.hash(file)
  } catch (error) {
    throw explainSource(error)
  }
}

function checkFile(file: string): void {
  try {
    if (!statSync(file).isFile()) throw new Error('not a file')
  } catch (error) {
    throw explainSource(error)
  }
}

function explainSource(error: unknown): MagnificError {
  const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
  return new MagnificError(
    'SOURCE_MISSING',
    isMissing(error)
      ? 'The image does not exist. Check the path, capitals included.'
      : `The image cannot be read (${reason}). Check that it is a file and may be read.`,
    { cause: error },
  )
}
