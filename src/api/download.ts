import { isLoopback } from '../core/fingerprint.ts'
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
  signal?: AbortSignal | undefined
  redact: Redact
}

/** The longest silence of a download, ms. */
const idleTimeout = 60_000

/**
 * Streams a result to `write`. The API key is not sent: downloads come from other hosts.
 *
 * @throws DownloadError, or what `write` throws
 */
export async function downloadResult(url: string, options: DownloadOptions): Promise<void> {
  checkUrl(url, options.allowLoopback)
  const idle = createIdleSignal(idleTimeout)
  const signal = options.signal ? AbortSignal.any([options.signal, idle.signal]) : idle.signal
  try {
    const response = await receive(async () => fetch(url, { signal }), options)
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw new DownloadError(`The download answered HTTP ${response.status}.`, response.status)
    }
    const reader = response.body.getReader()
    let bytes = 0
    for (;;) {
      const { done, value } = await receive(async () => reader.read(), options)
      if (done) break
      idle.touch()
      bytes += value.length
      if (bytes > options.maxBytes) {
        await reader.cancel()
        throw new DownloadError(`The download is larger than ${options.maxBytes} bytes.`)
      }
      await options.write(value)
    }
  } finally {
    idle.stop()
  }
}

async function receive<T>(step: () => Promise<T>, { signal, redact }: DownloadOptions): Promise<T> {
  try {
    return await step()
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

/** Aborts when `touch` has not been called for so many ms. */
function createIdleSignal(ms: number): { signal: AbortSignal; touch(): void; stop(): void } {
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(new Error(`No bytes came for ${ms / 1000} s.`)),
    ms,
  )
  return {
    signal: controller.signal,
    touch: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  }
}
