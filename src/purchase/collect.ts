import type { Client } from '../api/client.ts'
import { DownloadError, downloadResult } from '../api/download.ts'
import { awaitTask } from '../api/waiting.ts'
import { MagnificError } from '../core/errors.ts'
import { isLoopback } from '../core/service.ts'
import { maxOutputPixels } from '../core/limits.ts'
import type { SourceImage } from '../image/inspect.ts'
import { isTransparent } from '../image/decode.ts'
import { verifyResult } from '../image/verify.ts'
import type { VerifiedResult } from '../image/verify.ts'
import type { BlobStore } from '../store/blobs.ts'
import { isDiskError } from '../store/files.ts'
import type { ResultRecord } from '../store/records.ts'
import type { PurchaseContext } from './order.ts'

/** So often a result is fetched before the build gives up for now; each time with fresh URLs. */
const fetchLimit = 4
/** The wait between two fetches, ms. */
const fetchPause = 2000
/** Four bytes a pixel are a picture that does not compress; more than twice that is none. */
const maxBytes = maxOutputPixels * 8

/** A task whose result is wanted. */
export interface Collection {
  task: string
  source: SourceImage
  /** 2, 4, 8 or 16 */
  scale: number
  /** euros, for the progress line */
  estimate: number
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
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Collected> {
  const { task, estimate } = collection
  const { clock } = context
  const giveUpAt = clock.now() + context.deadline
  let problem: unknown
  for (let fetched = 0; fetched < fetchLimit; fetched++) {
    context.onPhase({ kind: 'upscaling', estimate })
    if (fetched > 0) await clock.sleep(fetchPause, signal)
    const deadline = giveUpAt - clock.now()
    const { generated } = await awaitTask(client, task, { clock, deadline, signal })
    context.onPhase({ kind: 'downloading', estimate })
    for (const url of generated) {
      try {
        return await storeResult(url, collection, client, context, signal)
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
  url: string,
  collection: Collection,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Collected> {
  const { blobs, spare, warn } = context
  try {
    return { ...(await fetchResult(url, collection, client, context, blobs, signal)), stored: true }
  } catch (full) {
    if (!isDiskError(full)) throw full
    const fetched = await fetchResult(url, collection, client, context, spare, signal).catch(
      (error: unknown) => {
        throw isDiskError(error) ? full : error
      },
    )
    warn(
      `${collection.source.file} is paid for (task ${collection.task}), and its result cannot be stored (${full.message}). ` +
        'It is shipped all the same. Mend that: the next build fetches it again, without a new charge.',
    )
    return { ...fetched, stored: false }
  }
}

async function fetchResult(
  url: string,
  collection: Collection,
  client: Client,
  { warn }: PurchaseContext,
  blobs: BlobStore,
  signal: AbortSignal,
): Promise<Pick<Collected, 'result' | 'file'>> {
  const incoming = await blobs.create()
  try {
    await downloadResult(url, {
      write: incoming.write,
      maxBytes,
      allowLoopback: isLoopback(new URL(client.baseUrl).hostname),
      signal,
      redact: client.redact,
    })
    const { sha256, bytes } = await incoming.finish()
    const verified = await verifyResult(incoming.file)
    const surprises = await findSurprises(collection, incoming.file, verified)
    const file = await incoming.keep()
    for (const surprise of surprises) warn(surprise)
    const { format, width, height } = verified
    return { result: { sha256, bytes, format, width, height }, file }
  } finally {
    await incoming.discard()
  }
}

function isTransient(error: unknown): boolean {
  return (
    error instanceof DownloadError ||
    (error instanceof MagnificError && error.code === 'RESULT_BAD')
  )
}

/** What is odd about a result is said, not refused: it was paid for. */
async function findSurprises(
  { task, source, scale }: Collection,
  result: string,
  { width, height, hasAlpha }: VerifiedResult,
): Promise<string[]> {
  const surprises: string[] = []
  const expected = [source.width * scale, source.height * scale]
  if (width !== expected[0] || height !== expected[1]) {
    surprises.push(
      `${source.file} at ${scale}x came back as ${width}×${height} in place of ${expected.join('×')} (task ${task}).`,
    )
  }
  if (source.transparent && !(hasAlpha && (await isTransparent(result)))) {
    surprises.push(
      `${source.file} is transparent in places, and its result is not (task ${task}). It is shipped as it came.`,
    )
  }
  return surprises
}
