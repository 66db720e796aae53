import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerResponse } from 'node:http'
import type { Comparison, Inspection, InspectorEvent } from '../../src/inspector/contract.ts'
import { startHttpServer } from '../helpers/servers.ts'
import type { HttpServer, SeenRequest } from '../helpers/servers.ts'
import { makeResult, makeScene } from './pictures.ts'

const built = join(import.meta.dirname, '../../dist/inspector')
const base = '/app/__magnific/'

/** The token of the server; the page is to send it back. */
export const token = 'token-of-this-run'

/** The strictest policy under which the page has to work. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** What the page asks a query for. */
export interface PreviewBody {
  id: string
  params: Record<string, string | number | boolean>
  preset?: string
}

/** What a test changes while the page is open. */
export interface MockState {
  inspection: Inspection
  comparison?: Comparison
  /** What is said to previews and purchases. */
  preview(body: PreviewBody): object
  upscale(body: { id: string; query: string; estimate: number; fingerprint: string }): object
  /** A picture in place of a good one. */
  picture?(id: string, which: string): Buffer | undefined
  open(body: { file: string; line: number }): object
  /** Of the server that answers now. */
  token?: string
  /** Nobody answers any more. */
  isGone?: boolean
}

/** The server's half, as far as the page can tell. */
export interface MockServer extends HttpServer {
  readonly page: string
  readonly state: MockState
  /** Ends the connections of those who listen. */
  drop(): void
  /** Sends an event to every page that listens. */
  send(event: InspectorEvent): void
  /** The bodies of the POSTs to a route, in order. Live. */
  posts(route: string): { body: Record<string, unknown>; request: SeenRequest }[]
}

/** Serves the built page and the contract's routes until the test ends. */
export async function startMock(
  inspection: Inspection,
  change: Partial<MockState> = {},
): Promise<MockServer> {
  const listeners = new Set<ServerResponse>()
  const state: MockState = {
    inspection,
    preview: (body) => answerPreview(state.inspection, body),
    upscale: () => ({ ok: true, fingerprint: 'f-new' }),
    open: () => ({ ok: true }),
    ...change,
  }
  const server = await startHttpServer((request, response) => {
    if (state.isGone) return void response.destroy()
    const path = new URL(request.url, 'http://x').pathname.slice(base.length)
    if (path === 'api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': hello\n\n')
      listeners.add(response)
      return
    }
    void reply(state, path, request, response)
  })
  return {
    ...server,
    get requests() {
      return server.requests
    },
    page: `${server.url}${base}`,
    state,
    drop: () => {
      for (const listener of listeners) listener.destroy()
      listeners.clear()
    },
    send: (event) => {
      for (const listener of listeners) listener.write(`data: ${JSON.stringify(event)}\n\n`)
    },
    posts: (route) =>
      server.requests
        .filter(({ method, url }) => method === 'POST' && url.endsWith(route))
        .map((request) => ({ body: JSON.parse(request.body) as Record<string, unknown>, request })),
  }
}

async function reply(
  state: MockState,
  path: string,
  request: SeenRequest,
  response: ServerResponse,
): Promise<void> {
  const send = (type: string, body: string | Buffer, headers: object = {}): void => {
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', ...headers })
    response.end(body)
  }
  const json = (body: object): void => send('application/json', JSON.stringify(body))
  const read = <T>(): T => JSON.parse(request.body) as T

  const [kind, route = '', id = '', which = ''] = path.split('/')
  // As the server does: a script of the app is not to read the token.
  if (path === '' && request.headers['sec-fetch-dest'] !== 'document') {
    response.writeHead(403, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ok: false, problem: 'The page is shown, not read.' }))
    return
  }
  if (path === '') return send('text/html', readPage(state), { 'content-security-policy': policy })
  if (kind === 'assets' && readdirSync(join(built, 'assets')).includes(route)) {
    const type = route.endsWith('.css') ? 'text/css' : 'text/javascript'
    return send(type, readFileSync(join(built, 'assets', route)))
  }
  switch (route) {
    case 'inspection':
      return json(state.inspection)
    case 'picture':
      return send(
        'image/webp',
        state.picture?.(id, which) ??
          (await drawPicture(state.inspection, decodeURIComponent(id), which)),
      )
    case 'result':
      return send(
        'image/webp',
        await makeResult(seedOf(id.replace(/-\d+x.*/, '')), id.includes('2x') ? 800 : 1600),
      )
    case 'compare':
      return json(state.comparison ?? { file: '', candidates: [] })
    case 'preview':
      return json(state.preview(read()))
    case 'upscale':
      return json(state.upscale(read()))
    case 'open':
      return json(state.open(read()))
  }
  response.writeHead(404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ ok: false, problem: 'There is nothing here.' }))
}

function readPage({ inspection: { mode }, token: own = token }: MockState): string {
  const sse = mode === 'ui' ? '<meta name="magnific-events" content="sse">' : ''
  const page = readFileSync(join(built, 'index.html'), 'utf8')
  return page.replace('</head>', `<meta name="magnific-token" content="${own}">${sse}</head>`)
}

async function drawPicture(inspection: Inspection, id: string, which: string): Promise<Buffer> {
  const image = inspection.images.find((each) => each.id === id)
  const width = image?.source?.width ?? 400
  const seed = seedOf(id)
  if (which === 'thumbnail') return makeResult(seed, 320)
  if (which === 'before') return makeScene(seed, width)
  const output = Math.min(image?.result?.width ?? image?.output?.width ?? 800, 3200)
  return image?.state === 'cached' ? makeResult(seed, output) : makeScene(seed, output)
}

function seedOf(id: string): number {
  return Array.from(id).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 97
}

/** As the server would: it writes the query, and the scale decides what it costs. */
export function answerPreview(
  inspection: Inspection,
  { id, params, preset }: PreviewBody,
  presets: Record<string, PreviewBody['params']> = {},
): Record<string, unknown> {
  const image = inspection.images.find((each) => each.id === id)
  const all = { ...(preset !== undefined && presets[preset]), ...params }
  const scale = Number.parseInt(String(all['scale_factor'] ?? '2x'), 10)
  const width = (image?.source?.width ?? 400) * scale
  const query = writeQuery(inspection, image?.query ?? '', params, preset)
  return {
    ok: true,
    query,
    params: all,
    directives: image?.directives ?? '',
    fingerprint: `f-${id}-${query}`,
    width,
    height: (width * 5) / 8,
    estimate: 0.1 * Math.log2(scale),
    state: 'missing',
    afterKind: 'preview',
    after: `api/picture/${id}/after?query=${encodeURIComponent(query)}`,
  }
}

function writeQuery(
  { fields }: Inspection,
  before: string,
  params: PreviewBody['params'],
  preset: string | undefined,
): string {
  const head = `magnific=${preset ?? String(params['scale_factor'] ?? '2x')}`
  const said = fields
    .filter(({ key }) => key !== 'magnific')
    .filter(({ name, default: usual }) => (params[name] ?? usual) !== usual)
    .map(({ name, key }) => `${key}=${encodeURIComponent(String(params[name]))}`)
  const own = before
    .split('&')
    .filter((part) => !fields.some(({ key }) => part.split('=', 1)[0] === key))
  return [head, ...said, ...own].join('&')
}

/** Three results of one image. */
export function createComparison(id: string, file: string): Comparison {
  const candidate = (
    fingerprint: string,
    scale: number,
    params: Record<string, string | number | boolean>,
    isUsed = false,
  ): Comparison['candidates'][number] => ({
    fingerprint,
    query: Object.entries(params)
      .map(([name, value]) => `${name.replace('scale_factor', 'magnific')}=${value}`)
      .join('&'),
    params,
    result: {
      width: 400 * scale,
      height: 250 * scale,
      bytes: 400 * scale * 800,
      format: 'webp',
      task: `task-${fingerprint}`,
      completedAt: '2026-11-20T10:00:00.000Z',
      seconds: 42,
    },
    after: `api/result/${fingerprint}`,
    isUsed,
  })
  return {
    file,
    candidates: [
      candidate(`${id}-4x`, 4, { scale_factor: '4x', creativity: 3 }, true),
      candidate(`${id}-4x-calm`, 4, { scale_factor: '4x', creativity: -2, resemblance: 5 }),
      candidate(`${id}-2x`, 2, { scale_factor: '2x', creativity: 3 }),
    ],
  }
}
