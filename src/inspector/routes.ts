import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isMagnificError } from '../core/errors.ts'
import { pipeFile } from '../pipe-file.ts'
import type { InspectorEvent, PreviewRequest } from './contract.ts'
import {
  checkLocal,
  checkName,
  checkOrigin,
  checkPost,
  checkReader,
  checkToken,
  readHost,
} from './guard.ts'
import type { Refusal } from './guard.ts'
import { pictureKinds } from './inspector.ts'
import type { Inspector, PictureKind } from './inspector.ts'
import { findAsset, findPageDir, renderPage, renderPolicy } from './page.ts'
import type { Picture } from './pictures.ts'

/** Answers requests below the inspector's path. */
export type AnswerInspector = (
  request: IncomingMessage,
  response: ServerResponse,
  /** Below that of the page, without the query. */
  path: string,
) => Promise<void>

/** How the routes are served. */
export interface RouteSettings {
  inspector: Inspector
  /** Markup in the page's head, by which the news reach it. */
  head: string
  /** Where else than from this server the news come from, as sources of a policy, by the host that the page was asked for. */
  findSockets?: (host: string | undefined) => readonly string[]
  /** Names of this server, beside those of this machine, by which may be bought. */
  hosts?: readonly string[]
  /** Where the built page is. */
  pageDir?: string
}

/** A request that was let in. */
interface Asked {
  request: IncomingMessage
  response: ServerResponse
  /** What the path says beside the route's own words. */
  words: readonly string[]
  /** Aborts when nobody waits any more. */
  signal: AbortSignal
}

interface Route {
  method: 'GET' | 'POST'
  path: RegExp
  /** Whether only who sits at this machine is answered. */
  isGuarded?: boolean
  answer(asked: Asked): Promise<void>
}

/** The largest body of a request, bytes: a query and some. */
const largestBody = 65_536
/** How often an idle stream of events says something, ms, so that nothing in between ends it. */
const heartbeat = 15_000

/**
 * The routes of the inspector: see `contract.ts`. Whoever serves them has checked the host that a request names.
 */
export function createRoutes({
  inspector,
  head,
  findSockets = () => [],
  hosts = [],
  pageDir = findPageDir(),
}: RouteSettings): AnswerInspector {
  const checkBuyer = (request: IncomingMessage): Refusal | undefined =>
    checkLocal(request) ?? checkName(request, hosts)

  /** Nobody else can know it: it is in the page, which no other site can read. */
  const token = randomBytes(32).toString('base64url')

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: /^$/,
      answer: async ({ request, response }) => {
        response.setHeader('content-security-policy', renderPolicy(findSockets(readHost(request))))
        response.setHeader('referrer-policy', 'no-referrer')
        // Neither in a frame, nor by a window that has opened it: pages of the app are of the same origin, and would read it.
        response.setHeader('x-frame-options', 'DENY')
        response.setHeader('cross-origin-opener-policy', 'same-origin')
        const page = renderPage(pageDir, token, head)
        sendText(request, response, 200, 'text/html; charset=utf-8', page)
      },
    },
    {
      method: 'GET',
      path: /^assets\/([\w.-]+)$/,
      answer: async ({ request, response, words: [name = ''] }) => {
        const asset = findAsset(pageDir, name)
        if (!asset) return refuse(request, response, unknown)
        // Their names change with what is in them.
        await sendFile(request, response, asset, 'public, max-age=31536000, immutable')
      },
    },
    {
      method: 'GET',
      path: /^api\/inspection$/,
      answer: async ({ request, response }) => {
        const inspection = await inspector.inspect()
        const elsewhere = checkBuyer(request)
        if (elsewhere) inspection.buying = { allowed: false, why: elsewhere.problem }
        sendJson(request, response, 200, inspection)
      },
    },
    {
      method: 'GET',
      path: /^api\/events$/,
      answer: async ({ request, response }) => streamEvents(request, response, inspector),
    },
    {
      method: 'GET',
      path: new RegExp(`^api/picture/([\\da-f]{16})/(${pictureKinds.join('|')})$`),
      answer: async ({ words: [id = '', kind = ''], ...asked }) =>
        sendPicture(asked, await inspector.picture(id, kind as PictureKind, asked.signal)),
    },
    {
      method: 'GET',
      path: /^api\/compare\/([\da-f]{16})$/,
      answer: async ({ request, response, words: [id = ''] }) =>
        sendFound(request, response, await inspector.compare(id)),
    },
    {
      method: 'GET',
      path: /^api\/result\/([\da-f]{64})$/,
      answer: async ({ words: [fingerprint = ''], ...asked }) =>
        sendPicture(asked, await inspector.result(fingerprint)),
    },
    {
      method: 'POST',
      path: /^api\/preview$/,
      answer: async ({ request, response }) => {
        const asked = readPreview(await readObject(request))
        sendFound(request, response, await inspector.preview(asked))
      },
    },
    {
      method: 'POST',
      path: /^api\/upscale$/,
      isGuarded: true,
      answer: async ({ request, response }) => {
        const agreed = checkShape(await readObject(request), {
          id: 'string',
          query: 'string',
          estimate: 'number',
          fingerprint: 'string',
        })
        sendFound(request, response, await inspector.upscale(agreed))
      },
    },
    {
      method: 'POST',
      path: /^api\/open$/,
      // An editor is a program of the user's.
      isGuarded: true,
      answer: async ({ request, response }) => {
        const body = await readObject(request)
        const { file, line } = checkShape(body, { file: 'string', line: 'number' })
        sendJson(request, response, 200, await inspector.open(file, line))
      },
    },
  ]

  const find = ({ method }: IncomingMessage, path: string): Route | Refusal => {
    if (path === '/') return slashless
    const matching = routes.filter((route) => route.path.test(path))
    const wanted = method === 'HEAD' ? 'GET' : method
    return (
      matching.find((route) => route.method === wanted) ??
      (matching[0] ? wrongMethod(matching[0].method) : unknown)
    )
  }

  const check = (request: IncomingMessage, path: string, route: Route): Refusal | undefined => {
    const isPage = path === ''
    return (
      checkOrigin(request, isPage) ??
      (isPage ? checkReader(request) : undefined) ??
      (route.method === 'POST' ? checkPost(request) : undefined) ??
      (route.isGuarded ? checkBuyer(request) : undefined) ??
      (route.method === 'POST' ? checkToken(request, token) : undefined)
    )
  }

  return async (request, response, path) => {
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('cache-control', 'no-store')
    response.setHeader('cross-origin-resource-policy', 'same-origin')
    // Whoever runs behind a server that lets other sites read its files is not one of those.
    response.removeHeader('access-control-allow-origin')
    const controller = new AbortController()
    response.on('close', () => controller.abort())
    try {
      const route = find(request, path)
      if ('problem' in route) return refuse(request, response, route)
      const refusal = check(request, path, route)
      if (refusal) return refuse(request, response, refusal)
      const words = route.path.exec(path)?.slice(1) ?? []
      await route.answer({ request, response, words, signal: controller.signal })
    } catch (error) {
      if (controller.signal.aborted) return
      if (error instanceof BodyError) return refuse(request, response, error)
      const isOurs = isMagnificError(error)
      refuse(request, response, {
        status: isOurs ? 422 : 500,
        problem: isOurs ? error.text : (error as Error).message,
      })
    }
  }
}

const unknown: Refusal = { status: 404, problem: 'There is no such thing here.' }
const slashless: Refusal = { status: 404, problem: 'Write a slash at the end of the URL.' }

function wrongMethod(method: Route['method']): Refusal {
  const allow = method === 'GET' ? 'GET, HEAD' : method
  return { status: 405, problem: `It takes ${allow}.`, allow }
}

/** A body that is not understood. */
class BodyError extends Error implements Refusal {
  override readonly name: string = 'BodyError'
  readonly status: number
  readonly problem: string

  constructor(status: number, problem: string) {
    super(problem)
    this.status = status
    this.problem = problem
  }
}

type Shape = Readonly<Record<string, 'string' | 'number'>>
type Shaped<S extends Shape> = { [K in keyof S]: S[K] extends 'string' ? string : number }

/** @throws BodyError */
async function readObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let size = Number(request.headers['content-length'] ?? 0)
  if (size > largestBody) throw new BodyError(413, 'The body is too large.')
  size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) throw new BodyError(413, 'The body is too large.')
    chunks.push(chunk)
  }
  return parse(Buffer.concat(chunks).toString('utf8'))
}

/** @throws BodyError */
function checkShape<S extends Shape>(body: Record<string, unknown>, shape: S): Shaped<S> {
  for (const [name, type] of Object.entries(shape)) {
    if (typeof body[name] !== type) throw new BodyError(400, `\`${name}\` must be a ${type}.`)
  }
  return body as Shaped<S>
}

/** @throws BodyError */
function readPreview(body: Record<string, unknown>): PreviewRequest {
  if (body['params'] === undefined) return checkShape(body, { id: 'string', query: 'string' })
  const { params, preset, query } = body
  if (query !== undefined) throw new BodyError(400, 'It takes `query` or `params`, and not both.')
  if (!isParams(params)) {
    throw new BodyError(400, '`params` must be an object of texts, numbers and booleans.')
  }
  if (preset === undefined) return { ...checkShape(body, { id: 'string' }), params }
  return { ...checkShape(body, { id: 'string', preset: 'string' }), params }
}

function isParams(value: unknown): value is Record<string, string | number | boolean> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const types = Object.values(value).map((each: unknown) => typeof each)
  return types.every((type) => ['string', 'number', 'boolean'].includes(type))
}

function parse(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new BodyError(400, 'The body must be a JSON object.')
}

/** A stream for EventSource. */
function streamEvents(
  { method }: IncomingMessage,
  response: ServerResponse,
  inspector: Inspector,
): void {
  response.setHeader('content-type', 'text/event-stream; charset=utf-8')
  // Proxies hold back what they do not know to be a stream.
  response.setHeader('x-accel-buffering', 'no')
  if (method === 'HEAD') return void response.end()
  response.write('retry: 1000\n\n')
  const stop = inspector.listen((event: InspectorEvent) => {
    response.write(`data: ${JSON.stringify(event)}\n\n`)
  })
  const timer = setInterval(() => response.write(':\n\n'), heartbeat).unref()
  response.on('close', () => {
    stop()
    clearInterval(timer)
  })
}

async function sendPicture(
  { request, response }: Omit<Asked, 'words'>,
  picture: Picture | { problem: string } | undefined,
): Promise<void> {
  if (!picture) return refuse(request, response, unknown)
  if ('problem' in picture) return refuse(request, response, { status: 404, ...picture })
  // Opened by itself, it is a picture and nothing else.
  response.setHeader('content-security-policy', "default-src 'none'; sandbox")
  // The same bytes need not be sent twice, and others are never taken for them.
  await sendFile(request, response, picture, 'private, no-cache')
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { file, type }: Picture,
  cacheControl: string,
): Promise<void> {
  response.setHeader('content-type', type)
  response.setHeader('cache-control', cacheControl)
  await pipeFile(request, response, file, () => refuse(request, response, unknown))
}

function sendFound(request: IncomingMessage, response: ServerResponse, found: unknown): void {
  if (found === undefined) refuse(request, response, unknown)
  else sendJson(request, response, 200, found)
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, problem, allow }: Refusal,
): void {
  if (response.headersSent) return void response.destroy()
  if (allow !== undefined) response.setHeader('allow', allow)
  response.setHeader('cache-control', 'no-store')
  response.removeHeader('etag')
  response.removeHeader('last-modified')
  sendJson(request, response, status, { ok: false, problem })
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: unknown,
): void {
  sendText(request, response, status, 'application/json; charset=utf-8', JSON.stringify(body))
}

function sendText(
  { method }: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
): void {
  response.statusCode = status
  response.setHeader('content-type', type)
  response.setHeader('content-length', Buffer.byteLength(text))
  response.end(method === 'HEAD' ? undefined : text)
}
