import { EventEmitter, once } from 'node:events'
import { get as openStream } from 'node:http'
import type { Options } from 'unplugin-magnific/vite'
import type * as vite8 from 'vite'
import { expect, onTestFinished } from 'vitest'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import type {
  Comparison,
  InspectedImage,
  Inspection,
  InspectorEvent,
  Preview,
  Purchase,
} from '../../src/inspector/contract.ts'
import type { Form } from '../../src/inspector/render-query.ts'
import { expectNoKey } from './canary.ts'
import { startDevServer } from './dev-server.ts'
import type { DevServer } from './dev-server.ts'
import { startEmulator } from './emulator.ts'
import { makePng } from './images.ts'
import { canary } from './canary.ts'
import { tmpProject } from './project.ts'
import type { Project } from './project.ts'
import { sendRaw } from './raw-http.ts'
import type { RawAnswer, RawRequest } from './raw-http.ts'
import { vites } from './vite-versions.ts'

/** The inspector of a running server, as its page would talk to it. */
export interface InspectorClient {
  readonly port: number
  /** Its path, with a slash at the end. */
  readonly base: string
  /** One request, as it is; its target is below the inspector's path. */
  ask(path: string, request?: Omit<RawRequest, 'target'>): Promise<RawAnswer>
  /** What a route answers with 200. */
  read<T>(path: string): Promise<T>
  inspect(): Promise<Inspection>
  /** The image of a file, with a query where it has several. */
  find(file: string, query?: string): Promise<InspectedImage>
  compare(id: string): Promise<Comparison>
  preview(id: string, wish: string | Form): Promise<Preview>
  /** Buys as the page would: what a preview has shown, unless it is said what. */
  upscale(id: string, query: string, estimate: number, fingerprint?: string): Promise<Purchase>
  /** A POST as the page sends it, with what is changed about it. A header that is `''` is left out. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<RawAnswer>
  /** Listens to what is pushed, from now on. */
  listen(): Promise<Pushed>
}

/** What was pushed. */
export interface Pushed {
  /** Live. */
  readonly events: readonly InspectorEvent[]
  until(condition: () => boolean): Promise<void>
  /** The phases of all purchases, in order. */
  phases(): string[]
}

/** Talks to the inspector at a port. */
export function createInspectorClient(port: number, base = '/__magnific/'): InspectorClient {
  const ask: InspectorClient['ask'] = async (path, request = {}) => {
    const answer = await sendRaw(port, { target: `${base}${path}`, ...request })
    expectNoKey(answer)
    return answer
  }
  const read: InspectorClient['read'] = async <T>(path: string) => {
    const answer = await ask(path)
    expect(answer.status, answer.body.toString()).toBe(200)
    return readJson<T>(answer)
  }
  const readToken = async (): Promise<string> => {
    const page = (await ask('')).body.toString()
    const [, token] = /<meta name="magnific-token" content="([\w-]{20,})"/.exec(page) ?? []
    if (token === undefined) throw new Error(`There is no token in the page: ${page}`)
    return token
  }
  const post: InspectorClient['post'] = async (path, body, headers = {}) =>
    ask(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: {
        origin: `http://127.0.0.1:${port}`,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/json',
        'x-magnific-token': await readToken(),
        ...headers,
      },
    })
  const preview: InspectorClient['preview'] = async (id, wish) =>
    readJson(
      await post('api/preview', { id, ...(typeof wish === 'string' ? { query: wish } : wish) }),
    )
  const inspect = async (): Promise<Inspection> => read('api/inspection')
  return {
    port,
    base,
    ask,
    read,
    inspect,
    find: async (file, query) => {
      const { images } = await inspect()
      const image = images.find(
        (each) => each.file === file && (query ?? each.query) === each.query,
      )
      if (!image) throw new Error(`${file}?${query} is not in ${JSON.stringify(images)}`)
      return image
    },
    compare: async (id) => read(`api/compare/${id}`),
    preview,
    upscale: async (id, query, estimate, given) => {
      const shown = given === undefined ? await preview(id, query) : undefined
      const fingerprint = given ?? (shown?.ok ? shown.fingerprint : '')
      return readJson(await post('api/upscale', { id, query, estimate, fingerprint }))
    },
    post,
    listen: async () => listenTo(port, `${base}api/events`),
  }
}

/** A body that is JSON. */
export function readJson<T = { ok: boolean; problem?: string }>({ body }: RawAnswer): T {
  return JSON.parse(body.toString()) as T
}

async function listenTo(port: number, path: string): Promise<Pushed> {
  const events: InspectorEvent[] = []
  const changes = new EventEmitter()
  let text = ''
  const request = openStream({ host: '127.0.0.1', port, path })
  onTestFinished(() => void request.destroy())
  await new Promise<void>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      expect(response.headers['content-type']).toContain('text/event-stream')
      response.on('error', () => {})
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        const parts = text.split('\n\n')
        text = parts.pop() ?? ''
        for (const part of parts) {
          if (part.startsWith('data: ')) events.push(JSON.parse(part.slice(6)) as InspectorEvent)
        }
        changes.emit('change')
        // The first words say that it listens.
        resolve()
      })
    })
  })
  return {
    events,
    until: async (condition) => {
      const signal = AbortSignal.timeout(20_000)
      while (!condition()) await once(changes, 'change', { signal })
    },
    phases: () => events.flatMap((event) => (event.kind === 'progress' ? event.phase : [])),
  }
}

/** A project behind a dev server, what it buys with, and its inspector. */
export interface InspectedProject extends InspectorClient {
  emulator: Emulator
  project: Project
  dev: DevServer
}

/** How a project is inspected. */
export interface InspectedSettings {
  options?: Options
  emulator?: EmulatorOptions
  config?: vite8.InlineConfig
  vite?: typeof vite8
  /** Whether Vite opens its socket. */
  hasSocket?: boolean
}

/**
 * A project in a dev server whose page loads `src/main.js`, with pictures of 200×160 pixels called `a.png`, `b.png` and `c.png`
 * beside it.
 */
export async function openInspected(
  files: Record<string, string | Uint8Array>,
  {
    options = {},
    emulator: given = {},
    config = {},
    vite = vites.vite8,
    hasSocket = false,
  }: InspectedSettings = {},
): Promise<InspectedProject> {
  const emulator = await startEmulator(given)
  const pictures = await Promise.all(
    ['a', 'b', 'c'].map(async (name, index) => [
      `src/${name}.png`,
      await makePng({ width: 200, height: 160, seed: index + 1 }),
    ]),
  )
  const project = tmpProject({
    'package.json': '{"type":"module"}',
    'index.html': '<script type="module" src="/src/main.js"></script>\n',
    ...(Object.fromEntries(pictures) as Record<string, Buffer>),
    ...files,
  })
  const settings: Options = { apiKey: canary, baseUrl: emulator.url, ...options }
  const socket: vite8.Plugin = {
    name: 'socket',
    // Nothing that is merged takes away what is there.
    config: (merged) => void delete merged.server?.ws,
  }
  const plugins = hasSocket ? [socket] : []
  const dev = await startDevServer(vite, project, settings, { plugins, ...config })
  const base = `${dev.vite.config.base}__magnific/`
  return { emulator, project, dev, ...createInspectorClient(dev.port, base) }
}
