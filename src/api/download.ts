import { isLoopback } from '../core/service.ts'
import { openConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { redactError } from './redact.ts'
import type { Redact } from './redact.ts'

/** A download that did not work. */
export class DownloadError extends Error {
  override readonly name: string = 'DownloadError'
  /** HTTP status, or `undefined` where it broke before or after one. */
  readonly status: number | undefined

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause })
    this.status = status
  }
}

/** Settings of one download. */
export interface DownloadOptions {
  /** Takes the bytes as they come; slow writing slows the download down. */
  write: (chunk: Uint8Array) => Promise<void>
  /** More bytes than this are refused. */
  maxBytes: number
  /** Whether plain HTTP from this machine is good: only where the API is on this machine as well. */
  allowLoopback: boolean
  /** The longest time for all of it, ms. */
  timeout: number
  signal?: AbortSignal | undefined
  redact: Redact
}

/** The longest silence of a download, ms. */
const idleTimeout = 60_000

/** So many redirects are followed. */
const redirectLimit = 5

/**
 * Streams a result to `write`. The API key is not sent: downloads come from other hosts.
 *
 * @throws DownloadError, or what `write` throws
 */
export async function downloadResult(url: string, options: DownloadOptions): Promise<void> {
  const connection = openConnection(options.signal, {
    silence: idleTimeout,
    total: options.timeout,
  })
  try {
    const body = await openDownload(url, connection, options)
    const chunks = connection.read(body)
    let bytes = 0
    for (;;) {
      const { done, value } = await receive(chunks.next(), options)
      if (done) break
      bytes += value.length
      if (bytes > options.maxBytes) {
        throw new DownloadError(`The download is larger than ${options.maxBytes} bytes.`)
      }
      await options.write(value)
    }
  } finally {
    connection.close()
  }
}

/** Follows redirects by hand, since each address has to be one that may be asked. */
async function openDownload(
  url: string,
  connection: Connection,
  options: DownloadOptions,
): Promise<ReadableStream<Uint8Array>> {
  let address = url
  for (let redirects = 0; redirects <= redirectLimit; redirects++) {
    checkUrl(address, options.allowLoopback)
    const { signal } = connection
    const response = await receive(
      connection.wait(fetch(address, { signal, redirect: 'manual' })),
      options,
    )
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) {
      if (response.ok && response.body) return response.body
      throw new DownloadError(`The download answered HTTP ${response.status}.`, response.status)
    }
    address = URL.canParse(location, address) ? new URL(location, address).href : location
  }
  throw new DownloadError(`The download was redirected more than ${redirectLimit} times.`)
}

async function receive<T>(step: Promise<T>, { signal, redact }: DownloadOptions): Promise<T> {
  try {
    return await step
  } catch (error) {
    signal?.throwIfAborted()
    throw new DownloadError('The download broke off.', undefined, redactError(error, redact))
  }
}

function checkUrl(url: string, allowLoopback: boolean): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'https:') return
  if (parsed?.protocol === 'http:' && allowLoopback && isLoopback(parsed.hostname)) return
  throw new DownloadError(
    `The API gave a download address that is not https: (${parsed?.protocol ?? 'unreadable'}).`,
  )
}
