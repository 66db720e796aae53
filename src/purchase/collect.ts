import type { Client } from '../api/client.ts'
import { DownloadError } from '../api/download.ts'
import { awaitTask } from '../api/waiting.ts'
import { MagnificError } from '../core/errors.ts'
import type { AlphaPolicy } from '../core/options.ts'
import type { Size } from '../image/inspect.ts'
import { isTransparent } from '../image/decode.ts'
import type { BlobStore } from '../store/blobs.ts'
import { isDiskError } from '../store/files.ts'
import type { ResultRecord } from '../store/records.ts'
import { describeUnkept } from './errors.ts'
import type { PurchaseContext } from './order.ts'
import { receiveResult } from './receive.ts'
import type { Receipt } from './receive.ts'

/** So often a result is fetched before the build gives up for now; each time with fresh URLs. */
const fetchLimit = 4
/** The wait between two fetches, ms. */
const fetchPause = 2000
/** A download gets so long at least, ms, however late it is. */
const shortestTimeout = 60_000

/** A task whose result is wanted, and what is known of its source: where that is gone, it may be little. */
export interface Collection {
  task: string
  /** The source, for people to read. */
  file: string
  /** As it was sent, pixels. */
  sent?: Size | undefined
  transparent?: boolean | undefined
  /** 2, 4, 8 or 16 */
  scale: number
  /** euros, for the progress line */
  estimate: number
  /** When it was submitted, ms since 1970; just now where that is missing. */
  submittedAt?: number | undefined
  /** Whether this process submitted it. */
  isOwn?: boolean | undefined
  /** Called when the API is done with it: what follows is ours. */
  onCompleted?: (() => void) | undefined
}

/** What a result is collected with. */
export type CollectContext = Pick<
  PurchaseContext,
  'clock' | 'deadline' | 'blobs' | 'alpha' | 'warn' | 'onPhase' | 'downloads'
> & {
  /** Missing where a result that the cache directory does not take is of no use. */
  spare?: BlobStore | undefined
}

/** A result that was brought home. */
export interface Collected {
  result: ResultRecord['result']
  /** The bytes, an absolute path. */
  file: string
  /** Whether they are in the store; else the disk did not take them, and they are gone with the process. */
  stored: boolean
}

/**
 * Waits for a task and brings its result home: streamed to the disk, verified, moved into place. Where the cache directory
 * does not take it, a temporary folder does, since it was paid for.
 *
 * @throws MagnificError `TASK_FAILED`, `TASK_PENDING`, `TASK_UNKNOWN`, `RESULT_BAD`: in all but the first, the next build
 *   goes on where this one ends
 */
export async function collectResult(
  collection: Collection,
  client: Client,
  context: CollectContext,
  signal: AbortSignal,
): Promise<Collected> {
  const { task, estimate } = collection
  const { clock } = context
  const giveUpAt = clock.now() + context.deadline
  const { sent, scale } = collection
  const traits = sent && { scale, pixels: sent.width * sent.height }
  let problem: unknown
  for (let fetched = 0; fetched < fetchLimit; fetched++) {
    context.onPhase({ kind: 'upscaling', estimate })
    if (fetched > 0) await clock.sleep(fetchPause, signal)
    const left = giveUpAt - clock.now()
    if (problem !== undefined && left <= 0) break
    const { generated } = await awaitTask(client, task, {
      clock,
      deadline: left,
      signal,
      traits,
      // Of a task that has been done before, only fresh URLs are wanted.
      submittedAt: fetched > 0 ? 0 : collection.submittedAt,
      isOwn: fetched === 0 && collection.isOwn,
    })
    collection.onCompleted?.()
    context.onPhase({ kind: 'downloading', estimate })
    for (const url of generated) {
      try {
        return await context.downloads(async () => {
          signal.throwIfAborted()
          const timeout = Math.max(giveUpAt - clock.now(), shortestTimeout)
          return storeResult({ url, client, timeout, signal }, collection, context)
        })
      } catch (error) {
        signal.throwIfAborted()
        if (!isTransient(error)) throw error
        problem = error
      }
    }
  }
  throw new MagnificError(
    'RESULT_BAD',
    `Task ${task} is completed, but its result cannot be had: ${(problem as Error).message} ` +
      'It is paid for and kept in the journal: build again later, and it is fetched without a new charge.',
    { cause: problem },
  )
}

async function storeResult(
  receipt: Omit<Receipt, 'blobs'>,
  collection: Collection,
  { blobs, spare, alpha, warn }: CollectContext,
): Promise<Collected> {
  const store = async (to: BlobStore): Promise<Omit<Collected, 'stored'>> =>
    receiveResult({ ...receipt, blobs: to }, async ({ incoming, ...received }) => {
      const { sha256, bytes, format, width, height, hasAlpha } = received
      const transparent = hasAlpha && (await isTransparent(incoming.file))
      const file = await incoming.keep()
      const result = { sha256, bytes, format, width, height, transparent }
      for (const surprise of findSurprises(collection, result, alpha)) warn(surprise)
      return { result, file }
    })
  try {
    return { ...(await store(blobs)), stored: true }
  } catch (full) {
    if (!spare || !isDiskError(full)) throw full
    const stored = await store(spare).catch((error: unknown) => {
      throw isDiskError(error) ? full : error
    })
    const { file, task } = collection
    warn(describeUnkept(file, task, 'its result cannot be stored', full))
    return { ...stored, stored: false }
  }
}

function isTransient(error: unknown): boolean {
  return (
    error instanceof DownloadError ||
    (error instanceof MagnificError && error.code === 'RESULT_BAD')
  )
}

/** What is odd about a result is said, not refused: it was paid for. */
function findSurprises(
  { task, file, sent, transparent: isSourceTransparent, scale }: Collection,
  { width, height, transparent }: ResultRecord['result'],
  alpha: AlphaPolicy,
): string[] {
  const surprises: string[] = []
  const expected = sent && [sent.width * scale, sent.height * scale]
  if (expected && (width !== expected[0] || height !== expected[1])) {
    surprises.push(
      `${file} at ${scale}x came back as ${width}×${height} in place of ${expected.join('×')} (task ${task}).`,
    )
  }
  if (isSourceTransparent && !transparent && alpha === 'keep-result') {
    surprises.push(
      `${file} is transparent in places, and its result is not (task ${task}). It is shipped as it came; \`alpha: 'join'\` gives it the transparency of its source.`,
    )
  }
  return surprises
}
