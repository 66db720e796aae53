import { once } from 'node:events'
import { request as requestHttp } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { setImmediate as turn } from 'node:timers/promises'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { ZlibOptions } from 'node:zlib'
import { settleRetryAfter } from './retry.ts'

/** An image's bytes, and how many there are. */
export interface ImageBody {
  bytes: number
  /** What comes is good until the next is asked for. */
  open(): AsyncIterable<Uint8Array>
}

/** An answer as it came. */
export interface RawAnswer {
  status: number
  /** Value of `Retry-After`, where there was one; a date is made into seconds by the answer's own clock. */
  retryAfter: string | undefined
  body: string
}

/** A POST that got no answer. */
export class PostError extends Error {
  override readonly name: string = 'PostError'
  /** Whether the last byte had gone: only then can the server have taken the request. */
  readonly committed: boolean

  constructor(committed: boolean, cause: unknown) {
    super((cause as Error).message, { cause })
    this.committed = committed
  }
}

/** Settings of one POST. */
export interface PostOptions {
  headers: Record<string, string>
  /** The body's JSON before the image's base64. */
  head: string
  image: ImageBody
  /** Called when everything but the last byte has been handed to the network. When it throws, the socket is destroyed. */
  beforeLastByte: () => Promise<void>
  /** Breaks the request off, until `beforeLastByte` is called: from then on the answer is wanted whatever happens. */
  signal: AbortSignal | undefined
  /** The longest silence of the network, ms; and the longest time from the last byte to the end of the answer. */
  idleTimeout: number
}

/** Answers are small; a server that sends more bytes than this is not understood, and not listened to. */
const largestAnswer = 1024 * 1024

/**
 * Collects an answer's bytes.
 *
 * @param chunks what has come; the caller's, so that it can look at what came before a connection broke
 * @throws an error where there are more than 1 MiB, and what reading throws
 */
export async function collectAnswer(
  body: AsyncIterable<Uint8Array>,
  chunks: Uint8Array[],
): Promise<void> {
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > largestAnswer) throw new Error('The answer is longer than 1 MiB.')
  }
}

/**
 * Streams `{…,"image":"<base64>"}` from the disk to the network with its length known beforehand, and holds back the
 * last byte until `beforeLastByte` has resolved. No server can accept a request that is not complete, so up to then
 * nothing is owed.
 *
 * @throws PostError where no answer came; what `beforeLastByte` or reading the image throws, and the signal's reason, as
 *   they are
 */
export async function postImage(url: URL, options: PostOptions): Promise<RawAnswer> {
  options.signal?.throwIfAborted()
  const { head, image } = options
  const opening = `${head}"image":"`
  const closing = '"}'
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'POST',
    headers: {
      ...options.headers,
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'content-length':
        Buffer.byteLength(opening) + Math.ceil(image.bytes / 3) * 4 + closing.length,
    },
    // A connection of its own: one that idled in a pool may be dead, and tells so only after the last byte.
    agent: false,
  })
  request.setTimeout(options.idleTimeout, () => {
    request.destroy(new Error(`No word from ${url.host} for ${options.idleTimeout / 1000} s.`))
  })

  let committed = false
  let answered = false
  const callers = createTracker()
  const breakOff = (): void => void request.destroy(options.signal?.reason as Error)
  options.signal?.addEventListener('abort', breakOff)
  const answer = readAnswer(request, () => (answered = true))
  // Both are awaited below; until then, and after an early answer, a failure must not count as unhandled.
  answer.catch(() => {})
  request.on('error', () => {})

  try {
    const send = createSender(request, answer)
    await send(Buffer.from(opening))
    for await (const text of encodeBase64(callers.trackAll(readExactly(image)))) {
      // A server may refuse before it has read everything.
      if (answered) break
      await send(text)
    }
    // What was written may still wait for a connection, and there may never be one: only now is it known to have gone.
    if (!answered) await send(closing.slice(0, -1))
    options.signal?.removeEventListener('abort', breakOff)
    if (!answered) {
      await callers.track(options.beforeLastByte())
      if (request.destroyed) return await answer
      committed = true
      request.end(closing.slice(-1))
    }
    // A server that sends byte after byte is never silent.
    const late = setTimeout(
      () => request.destroy(new Error('The answer takes too long.')),
      options.idleTimeout,
    )
    // An early answer may come together with a broken pipe: the answer says more.
    return await answer.finally(() => clearTimeout(late))
  } catch (error) {
    request.destroy()
    if (callers.threw(error)) throw error
    if (!committed) options.signal?.throwIfAborted()
    if (!committed && answered) {
      return await answer.catch((broken: unknown) => {
        throw new PostError(false, broken)
      })
    }
    throw new PostError(committed, error)
  } finally {
    options.signal?.removeEventListener('abort', breakOff)
  }
}

/** Tells the caller's own errors from the network's. */
function createTracker(): {
  track<T>(work: Promise<T>): Promise<T>
  trackAll<T>(items: AsyncIterable<T>): AsyncGenerator<T>
  threw(error: unknown): boolean
} {
  const thrown = new Set<unknown>()
  const note = (error: unknown): never => {
    thrown.add(error)
    throw error
  }
  return {
    track: async (work) => work.catch(note),
    trackAll: async function* (items) {
      try {
        yield* items
      } catch (error) {
        note(error)
      }
    },
    threw: (error) => thrown.has(error),
  }
}

/** Writes, and waits until the kernel has taken it: that is the back-pressure, and the proof of a connection. */
function createSender(
  request: ClientRequest,
  answer: Promise<RawAnswer>,
): (data: string | Buffer) => Promise<void> {
  return async (data) => {
    if (request.destroyed) await answer
    // Without a connection nothing is ever taken. The answer says why: by its failure, or by an early refusal.
    const taken = new Promise<void>((resolve) => {
      // Base64 is ASCII, which takes one byte for each character without being looked at.
      request.write(data, 'latin1', (error) => (error ? undefined : resolve()))
    })
    await Promise.race([taken, answer])
    // The kernel may take a lot without ever making us wait, and an early refusal has to be read in between.
    await turn()
  }
}

async function readAnswer(request: ClientRequest, onAnswered: () => void): Promise<RawAnswer> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  onAnswered()
  const chunks: Uint8Array[] = []
  try {
    await collectAnswer(response, chunks)
  } catch (error) {
    // What came may be enough: the id of a task that was paid for must not get lost over a connection that broke.
    const { length } = Buffer.concat(chunks)
    const isAcceptance = (response.statusCode ?? 0) < 300
    const isWhole = request.writableEnded || isAcceptance
    if (length === 0 || length > largestAnswer || !isWhole) throw error
  }
  if (!request.writableEnded) request.destroy()
  return {
    status: response.statusCode ?? 0,
    retryAfter: settleRetryAfter(response.headers['retry-after'], response.headers.date),
    body: decode(Buffer.concat(chunks), response.headers['content-encoding']),
  }
}

/** Compressed in spite of what was asked for, an answer is read all the same. */
function decode(body: Buffer, encoding = 'identity'): string {
  const decoders: Record<string, (bytes: Buffer, options: ZlibOptions) => Buffer> = {
    gzip: gunzipSync,
    deflate: inflateSync,
    br: brotliDecompressSync,
  }
  try {
    const decoder = decoders[encoding.toLowerCase()]
    return (decoder?.(body, { maxOutputLength: largestAnswer }) ?? body).toString('utf8')
  } catch {
    return body.toString('utf8')
  }
}

/** The image's bytes, as many as it said: one more would complete the request before its time. */
async function* readExactly(image: ImageBody): AsyncGenerator<Uint8Array> {
  let left = image.bytes
  for await (const chunk of image.open()) {
    left -= chunk.length
    if (left < 0) break
    yield chunk
  }
  if (left !== 0) throw new Error(`The image does not have the ${image.bytes} bytes that it said.`)
}

/** Base64 in pieces: only the last one may be padded, so bytes that make no full group of three wait for more. */
async function* encodeBase64(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const { buffer, byteOffset, length } of chunks) {
    const bytes = Buffer.from(buffer, byteOffset, length)
    const taken = (3 - rest.length) % 3
    const group = Buffer.concat([rest, bytes.subarray(0, taken)])
    const end = length - ((length - taken) % 3)
    const isFull = group.length % 3 === 0 && end >= taken
    // Copied: what was read may be overwritten by what is read next.
    rest = isFull ? Buffer.from(bytes.subarray(end)) : group
    const text = isFull ? group.toString('base64') + bytes.toString('base64', taken, end) : ''
    if (text !== '') yield text
  }
  if (rest.length > 0) yield rest.toString('base64')
}
