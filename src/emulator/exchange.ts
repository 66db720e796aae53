import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeStatus } from './bodies.ts'
import { type AnswerFault, type Fault, replacesAnswer } from './faults.ts'
import { checkKey, findKey, type Handlers } from './handlers.ts'
import { drain, type ReadBody, readBody, type Reply, replyMessage, send } from './http.ts'
import type { EmulatedCall } from './records.ts'
import type { Target } from './route.ts'

/** One request, on its way to one answer or to none. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  target: Target
  call: EmulatedCall
  /** The fault that takes this call. */
  fault: Exclude<Fault, { route: 'webhook' }> | undefined
}

/** What an exchange needs of the emulator. */
export interface ExchangeContext {
  handlers: Handlers
  apiKeys: readonly string[] | undefined
  /** Bytes. */
  bodyLimit: number
  now: () => number
  /** Ends waits, hangs and streams when the emulator closes. */
  signal: AbortSignal
}

/**
 * Runs one exchange: the body to its end, then the handler, then the answer, with the fault's effects
 * at their places between. A task can only be created in the handler, so never from part of a body.
 */
export async function runExchange(exchange: Exchange, context: ExchangeContext): Promise<void> {
  const { request, response, fault } = exchange
  if (fault?.cut === 'before-read') {
    request.socket.destroy()
    return
  }
  const early = findEarlyReply(exchange, context)
  if (early) {
    drain(request)
    await wait(fault?.delay, context.signal)
    return sendReply(exchange, early, context)
  }
  const body = await readBody(request, context.bodyLimit, fault?.cut === 'mid-request')
  if (body.kind === 'incomplete') return
  if (body.kind === 'half' || fault?.cut === 'mid-request') {
    request.socket.destroy()
    return
  }
  if (body.kind === 'too-large') {
    drain(request)
    return sendReply(exchange, replyMessage(413, 'Payload Too Large'), context)
  }
  const regular = await handle(exchange, body, context)
  await wait(fault?.delay, context.signal)
  if (fault?.hang) {
    if (!response.destroyed) await once(response, 'close', { signal: context.signal })
    return
  }
  if (fault?.cut === 'after-request') {
    request.socket.destroy()
    return
  }
  const reply = replacesAnswer(fault) || !regular ? renderFault(fault ?? {}) : regular
  await sendReply(exchange, reply, context)
}

/** An answer that does not wait for the body: a refused key, or a fault that says so. */
function findEarlyReply(
  { target, call, fault }: Exchange,
  context: ExchangeContext,
): Reply | undefined {
  if (fault?.route === 'submit' && fault.early) return renderFault(fault)
  const open = target.route === 'download' || target.route === 'other'
  if (open || replacesAnswer(fault)) return undefined
  return checkKey(findKey(call.headers), context.apiKeys)
}

/** The regular answer. Skipped where a fault replaces it, unless the task is to be accepted. */
async function handle(
  { target, call, fault }: Exchange,
  body: Extract<ReadBody, { kind: 'complete' }>,
  { handlers, apiKeys }: ExchangeContext,
): Promise<Reply | undefined> {
  const { route, url, id = '' } = target
  const replaced = replacesAnswer(fault)
  if (route === 'submit') {
    const submit = fault?.route === 'submit' ? fault : undefined
    const accept = submit?.accept ?? !replaced
    // where nothing is replaced the key has been checked already
    const skip = replaced && (!accept || checkKey(findKey(call.headers), apiKeys))
    return skip ? undefined : handlers.submit(call, body.bytes, submit ?? {}, accept)
  }
  if (replaced) return undefined
  if (route === 'status') return handlers.status(id)
  if (route === 'list') return handlers.list(url.searchParams)
  if (route === 'download') {
    return handlers.download(url, id, fault?.route === 'download' ? fault.content : undefined)
  }
  return target.allow
    ? withHeaders(replyMessage(405, 'Method Not Allowed'), { allow: target.allow })
    : replyMessage(404, 'Not Found')
}

/** The answer that a fault puts in place of the regular one. */
function renderFault({ status, body, redirect }: AnswerFault): Reply {
  const code = status ?? (redirect === undefined ? 200 : 302)
  const headers: Record<string, string> = redirect === undefined ? {} : { location: redirect }
  if (typeof body === 'string') {
    const type = /^\s*</.test(body) ? 'text/html' : 'application/json'
    return { status: code, headers: { 'content-type': type, ...headers }, body: Buffer.from(body) }
  }
  const value = body ?? { message: describeStatus(code) }
  return {
    status: code,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  }
}

async function sendReply(
  { response, call, fault }: Exchange,
  reply: Reply,
  { now, signal }: ExchangeContext,
): Promise<void> {
  const truncated = fault?.route === 'download' && fault.content === 'truncated'
  const half = fault?.cut === 'mid-response' || truncated
  const full = withHeaders(reply, faultHeaders(fault, now))
  if (!response.destroyed) call.status = full.status
  call.answered = await send(response, full, { head: call.method === 'HEAD', half, signal })
}

function faultHeaders(fault: AnswerFault | undefined, now: () => number): Record<string, string> {
  const headers: Record<string, string> = {}
  const after = fault?.retryAfter
  if (after !== undefined) {
    headers['retry-after'] =
      typeof after === 'number' ? String(after) : new Date(now() + after.date * 1000).toUTCString()
  }
  for (const [name, value] of Object.entries(fault?.headers ?? {})) {
    headers[name.toLowerCase()] = value
  }
  return headers
}

function withHeaders(reply: Reply, headers: Record<string, string>): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } }
}

async function wait(milliseconds: number | undefined, signal: AbortSignal): Promise<void> {
  if (milliseconds) await sleep(milliseconds, undefined, { signal })
}
