import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { JsonBody } from './bodies.ts'

/** An answer that is ready to be sent. */
export interface Reply {
  status: number
  /** Names in lower case. `content-length` follows from the body unless given. */
  headers: Record<string, string>
  body: Buffer | { path: string; size: number } | 'endless'
}

/** A JSON answer. */
export function replyJson(status: number, { type, value }: JsonBody): Reply {
  const body = Buffer.from(JSON.stringify(value))
  return { status, headers: { 'content-type': type }, body }
}

/** The one-line JSON answer that the API gives for anything but a 200: `{ "message": … }`. */
export function replyMessage(status: number, message: string): Reply {
  return replyJson(status, { type: 'application/json', value: { message } })
}

/** An HTML answer, such as a CDN or a gateway gives. */
export function replyHtml(status: number, title: string): Reply {
  const body = Buffer.from(
    `<html><head><title>${title}</title></head><body>${title}</body></html>\n`,
  )
  return { status, headers: { 'content-type': 'text/html' }, body }
}

/** What became of a request body. */
export type ReadBody =
  | { kind: 'complete'; bytes: Buffer }
  /** The client left before the end. */
  | { kind: 'incomplete' }
  | { kind: 'too-large' }
  /** Half of it is there, and no more was wanted. */
  | { kind: 'half' }

/** Reads a body to its end, or to half of it. Never rejects. */
export function readBody(
  request: IncomingMessage,
  limit: number,
  onlyHalf: boolean,
): Promise<ReadBody> {
  const announced = Number(request.headers['content-length'] ?? Number.NaN)
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve) => {
    const finish = (result: ReadBody): void => {
      request.off('data', onData)
      chunks.length = 0
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      size += chunk.length
      // of a body that does not say its length, any part counts as half
      if (onlyHalf && !(size < announced / 2)) finish({ kind: 'half' })
      else if (size > limit) finish({ kind: 'too-large' })
    }
    // nothing of an over-long body is waited for
    if (announced > limit && !onlyHalf) return finish({ kind: 'too-large' })
    request.on('data', onData)
    request.once('end', () => finish({ kind: 'complete', bytes: Buffer.concat(chunks) }))
    request.once('error', () => finish({ kind: 'incomplete' }))
    request.once('close', () => finish({ kind: 'incomplete' }))
  })
}

/** Bytes after which a client that still sends is cut off: such a body may have no end. */
const DRAIN_LIMIT = 256 * 1024 * 1024

/**
 * Takes in what a client still sends after an early answer, so that it can read that answer: closing
 * a socket with unread bytes resets it.
 */
export function drain(request: IncomingMessage): void {
  let size = 0
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > DRAIN_LIMIT) request.socket.destroy()
  })
}

/**
 * Sends an answer, or half of its body under the full length and then cuts the socket.
 * @returns whether all of it was handed over; a client that left is no error.
 */
export async function send(
  response: ServerResponse,
  reply: Reply,
  how: { head: boolean; half: boolean; signal: AbortSignal },
): Promise<boolean> {
  if (response.destroyed) return false
  const { body } = reply
  const size = Buffer.isBuffer(body) ? body.length : body === 'endless' ? undefined : body.size
  const bodiless = reply.status === 204 || reply.status === 304
  const length = size === undefined || bodiless ? {} : { 'content-length': String(size) }
  response.writeHead(reply.status, { ...length, ...reply.headers })
  if (how.head || bodiless) {
    response.end()
    return true
  }
  const end = how.half && size !== undefined ? Math.floor(size / 2) : size
  try {
    await pipeline(openBody(body, end), response, { signal: how.signal, end: !how.half })
    if (how.half) await cutAfterFlush(response)
    return !how.half
  } catch {
    response.destroy()
    return false
  }
}

function openBody(body: Reply['body'], end: number | undefined): Readable {
  if (body === 'endless') return Readable.from(createNoise(), { objectMode: false })
  if (Buffer.isBuffer(body)) return Readable.from([body.subarray(0, end)])
  // `end` is inclusive, and an empty file has no last byte
  return end ? createReadStream(body.path, { end: end - 1 }) : Readable.from([])
}

function* createNoise(): Generator<Buffer> {
  // begins like the PNG that a client waits for
  yield Buffer.from('89504e470d0a1a0a', 'hex')
  const noise = Buffer.alloc(16_384, 0x5a)
  for (;;) yield noise
}

async function cutAfterFlush(response: ServerResponse): Promise<void> {
  response.flushHeaders()
  const { socket } = response
  // what was written goes out before the end of the stream; `destroy` alone could drop it
  await new Promise<void>((resolve) => {
    if (!socket || socket.destroyed) return resolve()
    socket.once('close', () => resolve())
    socket.end(() => socket.destroy())
  })
}
