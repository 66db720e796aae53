import { setMaxListeners } from 'node:events'
import { MagnificError } from './core/errors.ts'
import { formatPath } from './core/format-path.ts'
import type { Logger } from './core/logger.ts'
import type { ResolvedOptions } from './core/options.ts'
import { createPlanner } from './planner.ts'
import type { PlannedReference } from './planner.ts'
import type { FoundReference } from './scan/scan-project.ts'
import type { Reference, Shipment } from './shipment.ts'

/**
 * Reads the references in the sources of a build.
 *
 * @param globs which sources, from the root; all where nothing is said
 */
export type ScanSources = (globs?: readonly string[]) => Promise<readonly FoundReference[]>

/** What a prefetch works with. */
export interface PrefetchContext {
  options: ResolvedOptions
  logger: Logger
  scan: ScanSources
  /** Obtains what is shipped for a reference, as the build would. */
  upscale: (reference: Reference, signal: AbortSignal) => Promise<Shipment>
}

/** Images that are obtained before the host gets to them. */
export interface Prefetch {
  /** The build has asked for an image, by its fingerprint: a link has another path. */
  use(fingerprint: string): void
  /** Stops what nobody has asked for, and tells of what was bought or fetched in vain. */
  end(): void
  /** Stops everything; resolves when nothing runs any more. */
  abort(reason: MagnificError): Promise<void>
}

/**
 * Begins to obtain what the sources refer to. Nothing is bought but for sources that an entry leads to; where nobody tells
 * what the entries are, what is paid for already is fetched, and no more. What goes wrong is for the build to tell, when it
 * gets there.
 */
export function startPrefetch(context: PrefetchContext): Prefetch {
  const { options, logger } = context
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const used = new Set<string>()
  /** What is or was bought or fetched, by fingerprint. */
  const begun = new Map<string, PlannedReference>()

  const fetchOne = async (planned: PlannedReference): Promise<void> => {
    const { file, query, importer, state, fingerprint = '' } = planned
    if (state !== 'cached') begun.set(fingerprint, planned)
    try {
      await context.upscale({ file, query, importer }, controller.signal)
    } catch {
      // Told by the build, which meets it too. What is called off may be paid for all the same.
      if (!controller.signal.aborted) begun.delete(fingerprint)
    }
  }

  const run = async (): Promise<void> => {
    const { prefetch } = options
    const found = await context.scan(typeof prefetch === 'boolean' ? undefined : prefetch)
    controller.signal.throwIfAborted()
    const planned = await createPlanner(options, logger).plan(found)
    controller.signal.throwIfAborted()
    const wanted = new Map(
      planned.filter((each) => isWanted(each, options)).map((each) => [nameOf(each), each]),
    )
    await Promise.all([...wanted.values()].map(fetchOne))
  }

  const work = run().catch((error: unknown) => {
    if (controller.signal.aborted) return
    logger.warn(`magnific: nothing is prefetched (${(error as Error).message}).`)
  })

  return {
    use: (fingerprint) => void used.add(fingerprint),
    end: () => {
      const unused = [...begun]
        .filter(([fingerprint]) => !used.has(fingerprint))
        .map(([, each]) => each)
      controller.abort(abortError())
      if (unused.length > 0) logger.warn(describeUnused(unused, options.root))
    },
    abort: async (reason) => {
      controller.abort(reason)
      await work
    },
  }
}

/** Whether an image may be obtained though the host has not asked for it. */
function isWanted(
  { state, reached, isSure }: PlannedReference,
  { onMiss }: ResolvedOptions,
): boolean {
  if (reached === false) return false
  if (state === 'cached') return true
  if (onMiss !== 'upscale') return false
  return state === 'pending' || (state === 'missing' && reached === true && isSure)
}

function nameOf({ file, query }: Reference): string {
  return `${file}?${query}`
}

function describeUnused(unused: readonly PlannedReference[], root: string): string {
  const lines = unused.map(
    ({ file, query, importer, line }) =>
      `\n    ${formatPath(root, file)}?${query}  (${formatPath(root, importer)}:${line})`,
  )
  const what = unused.length === 1 ? '1 image was' : `${unused.length} images were`
  return `magnific: ${what} prefetched, and the build did not use ${unused.length === 1 ? 'it' : 'them'}. The results are kept.${lines.join('')}`
}

function abortError(): MagnificError {
  return new MagnificError('ABORTED', 'The build is over, and did not use this image.')
}
