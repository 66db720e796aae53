import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { CheckSignature } from './webhook-signature.ts'
import { parseTaskCall } from './wire.ts'
import type { TaskCall } from './wire.ts'

/** What becomes of calls. */
export interface CallOptions {
  /** The path that is called, as a URL has it. */
  path: string
  /** Without one, calls are not verified. */
  checkSignature: CheckSignature | undefined
  /** Told of each call that is good, once the answer is given. */
  onCall: (call: TaskCall) => void
  /** Told of each call whose signature is not good. */
  onRefusal: () => void
}

/** No status of a task is longer, bytes. */
const largestCall = 64 * 1024

/**
 * Answers one call at a time, from what it says and nothing else: whatever follows from it happens after the answer. The
 * connection ends with it, so nobody can hold one for long.
 */
export function createCallHandler(options: CallOptions): RequestListener {
  return (request, response) => {
    const status = judgeHead(request, options.path)
    if (status !== undefined) {
      answer(response, status)
      return
    }
    readBody(request, (body) => {
      const { status: judged, call } =
        body === undefined ? { status: 413 } : judgeBody(request, body, options)
      answer(response, judged)
      if (judged === 401) options.onRefusal()
      if (call) options.onCall(call)
    })
  }
}

/** @returns the status of a refusal, or `undefined` where the body is worth reading */
function judgeHead(
  { method, url = '', headers }: IncomingMessage,
  path: string,
): number | undefined {
  if (url.replace(/[?#].*$/s, '') !== path) return 404
  if (method !== 'POST') return 405
  return Number(headers['content-length'] ?? 0) > largestCall ? 413 : undefined
}

function judgeBody(
  { headers }: IncomingMessage,
  body: Buffer,
  { checkSignature }: CallOptions,
): { status: number; call?: TaskCall } {
  const verdict = checkSignature?.(headers, body) ?? 'good'
  if (verdict === 'refused') return { status: 401 }
  const call = readCall(body)
  if (!call) return { status: 400 }
  // One that comes again is taken: refused, it would be sent once more.
  return verdict === 'replayed' ? { status: 200 } : { status: 200, call }
}

function readCall(body: Buffer): TaskCall | undefined {
  try {
    return parseTaskCall(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

/** @param onEnd gets the body, or `undefined` as soon as it is too long; is not called where the connection breaks */
function readBody(request: IncomingMessage, onEnd: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= largestCall) chunks.push(chunk)
    // Once: what comes after that is not even counted.
    else if (bytes - chunk.length <= largestCall) onEnd(undefined)
  })
  request.on('end', () => bytes <= largestCall && onEnd(Buffer.concat(chunks)))
}

function answer(response: ServerResponse, status: number): void {
  response.on('error', () => {})
  response.writeHead(status, {
    connection: 'close',
    'content-length': 0,
    ...(status === 405 && { allow: 'POST' }),
  })
  response.end()
}
