import { existsSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { Directives } from './core/directives.ts'
import { MagnificError } from './core/errors.ts'
import { estimatePrice } from './core/estimate.ts'
import type { Logger } from './core/logger.ts'
import type { ResolvedOptions } from './core/options.ts'
import { scaleOf } from './core/params.ts'
import type { Params } from './core/params.ts'
import { checkSingle } from './core/single-request.ts'
import { createLookup } from './lookup.ts'
import type { Look } from './lookup.ts'
import { createMissHandler } from './miss.ts'
import { stateOf } from './purchase/state.ts'
import type { FoundReference } from './scan/scan-project.ts'
import { getShared } from './shared.ts'
import { openSharing } from './sharing.ts'
import type { Attempt } from './store/attempt.ts'
import { createBlobStore } from './store/blobs.ts'
import { createJournal } from './store/journal.ts'
import { createRecordStore } from './store/records.ts'
import { RemoteError } from './store/remote/errors.ts'
import { createVariantStore } from './store/variants.ts'

/**
 * Where a reference stands before a build:
 * - `cached`: its result is here; a build pays nothing, and asks nobody
 * - `missing`: a build buys it
 * - `pending`: it is paid for, or being paid for at this moment; a build fetches its result
 * - `ambiguous`: it may be paid for or not: a build looks in the API's list, and fails where that does not tell
 * - `failed`: by the API's word; a build fails, and buys it again only after `magnific retry`
 * - `invalid`: a build refuses it
 */
export type ReferenceState = 'cached' | 'missing' | 'pending' | 'ambiguous' | 'failed' | 'invalid'

/** Every state, worst last. */
export const referenceStates: readonly ReferenceState[] = [
  'cached',
  'missing',
  'pending',
  'ambiguous',
  'failed',
  'invalid',
]

/** What is asked about: a reference as a scan finds it, or as a host meets it. */
export type PlannableReference = Pick<
  FoundReference,
  'specifier' | 'query' | 'importer' | 'file' | 'reached' | 'line'
> &
  Partial<Pick<FoundReference, 'kind' | 'refusal' | 'isSure'>>

/** A reference, and what a build would do about it. */
export interface PlannedReference {
  /** The source, an absolute path; as written where nobody can tell. */
  file: string
  /** Who refers to it, an absolute path. */
  importer: string
  /** In the importer, from 1. */
  line: number
  /** As written, without the question mark. */
  query: string
  /** What is sent to the API; empty where the query is refused. */
  params: Params
  /** One for each variant. */
  directives: readonly Directives[]
  /** Of the result, pixels; 0 where it is refused. */
  width: number
  height: number
  state: ReferenceState
  /** Whether the result is in the shared cache alone: a build brings it here. */
  isShared?: boolean | undefined
  /** euros that a build pays for it; 0 where it pays nothing. References that share a fingerprint are paid once. */
  estimate: number
  /** Missing where there is no source, or the query is refused. */
  fingerprint: string | undefined
  /** The keys of its variants: see `computeVariantKey`. */
  keys: readonly string[]
  /** Whether an entry of the host leads to the importer; `undefined` where nobody can tell. */
  reached: boolean | undefined
  /** Whether it is certain that a build meets it, whatever it is built for. */
  isSure: boolean
  /** What is wrong, and what to do about it. */
  reason: string | undefined
}

interface FoundState {
  state: Exclude<ReferenceState, 'invalid'>
  isShared?: boolean | undefined
  reason?: string | undefined
}

/** What a build would do, in figures. Images are counted once, however often they are referred to. */
export interface PlanTotals {
  references: number
  /** Results, by state. */
  images: Record<ReferenceState, number>
  /** euros */
  estimate: number
}

/** Tells what builds would do about references, without doing any of it. */
export interface Planner {
  plan(found: readonly PlannableReference[]): Promise<PlannedReference[]>
}

/** Places that have room for one URL. */
const singlePlaces: ReadonlySet<PlannableReference['kind']> = new Set([
  'css-url',
  'html',
  'new-url',
  'template',
])

/** References that are looked at before others have their turn: each is a stat and a lookup, or a header to read. */
const referencesAtOnce = 64

/**
 * @param logger is told of damage
 */
export function createPlanner(given: ResolvedOptions, logger: Logger): Planner {
  // What a build that pays would do: that is what is asked for.
  const options: ResolvedOptions = { ...given, command: 'build', onMiss: 'upscale' }
  const shared = getShared(options.root, options.cacheDir)
  const variants = createVariantStore(shared.layout, shared.memo)
  const lookup = createLookup(options, shared, variants)
  const warn = (message: string): void => logger.warn(`magnific: ${message}`)
  const records = createRecordStore(shared.layout, warn)
  const blobs = createBlobStore(shared.layout, shared.memo, warn)
  const journal = createJournal(shared.layout)
  const misses = createMissHandler({ options, shared, variants, logger })

  /** What an image that is not ready to be shipped waits for. */
  const findState = async (look: Look, now: number): Promise<FoundState> => {
    const found = await findStateHere(look, now)
    const sharing =
      found.state === 'cached' ? undefined : await openSharing(shared, options, logger)
    if (!sharing) return found
    try {
      if (await sharing.results.find(look.fingerprint)) return { state: 'cached', isShared: true }
      if (found.state !== 'missing') return found
      const attempt = await sharing.journal.find(look.fingerprint)
      return attempt ? describeState(attempt, now) : found
    } catch (error) {
      // That it cannot be asked is told once for all.
      if (error instanceof RemoteError) return found
      return { ...found, reason: (error as Error).message }
    }
  }

  const findStateHere = async ({ fingerprint }: Look, now: number): Promise<FoundState> => {
    const record = await records.find(fingerprint)
    if (record && blobs.verify(record.result.sha256) !== undefined) return { state: 'cached' }
    const attempt = await journal.find(fingerprint)
    // A result that is lost is fetched again by its task.
    if (!attempt) return { state: record && record.task !== '' ? 'pending' : 'missing' }
    if (attempt.outcome?.kind === 'completed' && attempt.voided === undefined) {
      const sha256 = attempt.outcome.sha256 ?? ''
      return { state: sha256 !== '' && blobs.verify(sha256) ? 'cached' : 'pending' }
    }
    return describeState(attempt, now)
  }

  const describeState = (attempt: Attempt, now: number): FoundState => {
    const state = stateOf(attempt, now)
    switch (state) {
      case 'unpaid':
      case 'void':
        return { state: 'missing' }
      case 'submitting':
      case 'completed':
        return { state: 'pending' }
      case 'failed':
        return { state, reason: attempt.outcome?.reason }
      case 'pending':
      case 'ambiguous':
        return { state }
    }
  }

  const sizeOf = async ({
    fingerprint,
    shipment,
  }: Look): Promise<{ width: number; height: number } | undefined> =>
    (await records.find(fingerprint))?.result ??
    shipment?.variants.map(({ readInfo }) => readInfo()).find(Boolean)

  const planOne = async (found: PlannableReference, now: number): Promise<PlannedReference> => {
    const { specifier, query, importer, line, reached } = found
    const file = found.file ?? specifier.slice(0, specifier.indexOf('?'))
    const planned: PlannedReference = {
      file,
      importer,
      line,
      query,
      params: {},
      directives: [],
      width: 0,
      height: 0,
      state: 'invalid',
      estimate: 0,
      fingerprint: undefined,
      keys: [],
      reached,
      isSure: found.isSure ?? reached === true,
      reason: undefined,
    }
    try {
      const reference = { file, query, importer }
      const request = lookup.parse(reference)
      Object.assign(planned, { params: request.params, directives: request.variants })
      if (singlePlaces.has(found.kind)) checkSingle(request)
      if (found.refusal !== undefined)
        throw new MagnificError('UNSUPPORTED_REFERENCE', found.refusal)
      if (found.file === undefined) throw unresolvedError(specifier)
      const looked = lookup.look(reference)
      const { fingerprint, keys, shipment, miss } = looked
      Object.assign(planned, { fingerprint, keys })
      if (shipment) return { ...planned, ...(await sizeOf(looked)), state: 'cached' }
      const { size } = await misses.plan(miss)
      const { width, height } = size
      const { state, reason, isShared } = await findState(looked, now)
      const scale = scaleOf(request.params)
      const price = estimatePrice((width * height) / scale ** 2, scale, options.prices)
      const estimate = state === 'missing' ? price : 0
      return { ...planned, width, height, state, isShared, estimate, reason }
    } catch (error) {
      if (!(error instanceof MagnificError)) throw error
      return { ...planned, state: 'invalid', reason: error.text }
    }
  }

  return {
    plan: async (found) => {
      const planned: PlannedReference[] = []
      const now = Date.now()
      for (let from = 0; from < found.length; from += referencesAtOnce) {
        await setImmediate()
        const batch = found.slice(from, from + referencesAtOnce)
        planned.push(...(await Promise.all(batch.map(async (each) => planOne(each, now)))))
      }
      // Where nothing was ever bought, a plan leaves no trace.
      if (existsSync(shared.layout.dir)) shared.memo.save()
      return planned
    },
  }
}

/** Adds a plan up. What no entry reaches is not part of any build, and is left out. */
export function sumPlan(references: readonly PlannedReference[]): PlanTotals {
  const counted = references.filter(isCounted)
  const images = new Map(
    counted.map((each) => {
      const { state, file, query, fingerprint = '' } = each
      return [state === 'invalid' ? `${file}?${query}` : fingerprint, each]
    }),
  )
  const count = (state: ReferenceState): number =>
    [...images.values()].filter((each) => each.state === state).length
  const cents = [...images.values()].reduce((sum, each) => sum + Math.round(each.estimate * 100), 0)
  return {
    references: counted.length,
    images: Object.fromEntries(
      referenceStates.map((state) => [state, count(state)]),
    ) as PlanTotals['images'],
    estimate: cents / 100,
  }
}

/** Whether a build meets a reference, as far as anybody can tell. */
export function isCounted({ reached }: PlannedReference): boolean {
  return reached !== false
}

function unresolvedError(specifier: string): MagnificError {
  const path = specifier.slice(0, specifier.indexOf('?'))
  return new MagnificError(
    'SOURCE_MISSING',
    `"${path}" is found neither as an alias nor in a package. Install the package, or check the path: a file beside the module begins with "./".`,
  )
}
