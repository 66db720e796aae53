import type { Client } from '../api/client.ts'
import { DownloadError, downloadResult } from '../api/download.ts'
import { awaitTask } from '../api/waiting.ts'
import { MagnificError } from '../core/errors.ts'
import { isLoopback } from '../core/service.ts'
import { maxOutputPixels } from '../core/limits.ts'
import type { SourceImage } from '../image/inspect.ts'
import { verifyResult } from '../image/verify.ts'
import type { ResultRecord } from '../store/records.ts'
import type { PurchaseContext } from './order.ts'

/** So often a result is fetched before the build gives up for now; each time with fresh URLs. */
const fetchLimit = 4
/** The wait between two fetches, ms. */
const fetchPause = 2000
/** Four bytes a pixel are a picture that does not compress; more than twice that is none. */
const maxBytes = maxOutputPixels * 8

/**
 * Waits for a task and brings its result home: streamed to the disk, verified, moved into place.
 *
 * @param estimate euros, for the progress line
 * @throws MagnificError `TASK_FAILED`, `TASK_PENDING`, `RESULT_BAD`: in the last two cases the next build goes on where this one ends
 */
export async function collectResult(
  task: string,
  source: SourceImage,
  scale: number,
  client: Client,
  context: PurchaseContext,
  estimate: number,
  signal: AbortSignal,
): Promise<ResultRecord['result']> {
  let problem: unknown
  for (let fetched = 0; fetched < fetchLimit; fetched++) {
    context.onPhase({ kind: 'upscaling', estimate })
    if (fetched > 0) await context.clock.sleep(fetchPause, signal)
    const { generated } = await awaitTask(client, task, { ...context, signal })
    context.onPhase({ kind: 'downloading', estimate })
    for (const url of generated) {
      try {
        const result = await fetchResult(url, client, context, signal)
        warnOfSurprises(task, source, scale, result, context)
        return result
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

async function fetchResult(
  url: string,
  client: Client,
  { blobs }: PurchaseContext,
  signal: AbortSignal,
): Promise<ResultRecord['result']> {
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
    const { format, width, height } = await verifyResult(incoming.file)
    await incoming.keep()
    return { sha256, bytes, format, width, height }
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
function warnOfSurprises(
  task: string,
  source: SourceImage,
  scale: number,
  { width, height }: ResultRecord['result'],
  { warn }: PurchaseContext,
): void {
  if (width === source.width * scale && height === source.height * scale) return
  warn(
    `${source.file} at ${scale}x came back as ${width}×${height} in place of ${source.width * scale}×${source.height * scale} (task ${task}).`,
  )
}
