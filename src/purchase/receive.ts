import type { Client } from '../api/client.ts'
import { downloadResult } from '../api/download.ts'
import { maxResultBytes } from '../core/limits.ts'
import { isLoopback } from '../core/service.ts'
import { verifyResult } from '../image/verify.ts'
import type { VerifiedResult } from '../image/verify.ts'
import type { BlobStore, IncomingBlob } from '../store/blobs.ts'

/** A result that is on the disk and whole, and not yet kept. */
export interface Received extends VerifiedResult {
  sha256: string
  incoming: IncomingBlob
}

/** Where a result comes from, and where it goes. */
export interface Receipt {
  url: string
  client: Client
  blobs: BlobStore
  /** The longest time for all of it, ms. */
  timeout: number
  signal: AbortSignal
}

/**
 * Streams a result to the disk, proves that it is a whole picture, and hands it on. What is not kept by then is dropped.
 *
 * @throws DownloadError, MagnificError `RESULT_BAD`, the error of node:fs, and what `use` throws
 */
export async function receiveResult<T>(
  { url, client, blobs, timeout, signal }: Receipt,
  use: (received: Received) => Promise<T>,
): Promise<T> {
  const incoming = await blobs.create()
  try {
    await downloadResult(url, {
      write: incoming.write,
      maxBytes: maxResultBytes,
      allowLoopback: isLoopback(new URL(client.baseUrl).hostname),
      timeout,
      signal,
      redact: client.redact,
    })
    const { sha256 } = await incoming.finish()
    return await use({ ...(await verifyResult(incoming.file)), sha256, incoming })
  } finally {
    await incoming.discard()
  }
}
