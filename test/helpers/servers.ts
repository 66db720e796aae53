import dns from 'node:dns'
import { EventEmitter, once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { createServer as createTcpServer, isIP } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { onTestFinished, vi } from 'vitest'

/** Waits for what a server sees, without a clock. */
type Until = (condition: () => boolean) => Promise<void>

/** One connection to a TCP server, which carries one request. Live. */
export interface Connection {
  readonly socket: Socket
  closed: boolean
  /** Every byte that arrived. */
  received(): Buffer
  /** What arrived of the request's body; empty before the head is whole. */
  body(): Buffer
  /** Bytes of the body that have not arrived, by its `content-length`; `NaN` before the head is whole. */
  missing(): number
}

/** A server that speaks no HTTP: it tells what really arrives, to the byte. */
export interface TcpServer {
  readonly url: string
  readonly connections: readonly Connection[]
  until: Until
}

/**
 * Listens until the test ends.
 *
 * @param onData called whenever bytes have arrived
 */
export async function startTcpServer(
  onData: (connection: Connection) => void = () => {},
): Promise<TcpServer> {
  const connections: Connection[] = []
  const changes = new EventEmitter()
  const server = createTcpServer((socket) => {
    const chunks: Buffer[] = []
    let arrived = 0
    let head: { bytes: number; announced: number } | undefined
    const received = (): Buffer => Buffer.concat(chunks)
    const connection: Connection = {
      socket,
      closed: false,
      received,
      body: () => (head ? received().subarray(head.bytes) : Buffer.alloc(0)),
      missing: () => (head ? head.announced - (arrived - head.bytes) : Number.NaN),
    }
    connections.push(connection)
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      arrived += chunk.length
      head ??= readHead(received())
      onData(connection)
      changes.emit('change')
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      connection.closed = true
      changes.emit('change')
    })
    changes.emit('change')
  })
  const url = await listen(server, () => connections.map(({ socket }) => socket))
  return { url, connections, until: createUntil(changes) }
}

/** One request that an HTTP server has read to its end. */
export interface SeenRequest {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** What an HTTP server says. */
export interface Reply {
  status?: number
  headers?: OutgoingHttpHeaders
  /** A text as it is, anything else as JSON. */
  body?: unknown
}

/** A server that answers by a script. */
export interface HttpServer {
  readonly url: string
  readonly port: number
  /** In order of arrival. Live. */
  readonly requests: readonly SeenRequest[]
  until: Until
}

/**
 * Listens until the test ends.
 *
 * @param answer what is said to a request; without a return value nothing is, unless `response` was used
 */
export async function startHttpServer(
  answer: (request: SeenRequest, response: ServerResponse) => Reply | undefined | void,
): Promise<HttpServer> {
  const requests: SeenRequest[] = []
  const changes = new EventEmitter()
  const sockets = new Set<Socket>()
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const seen = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') }
      requests.push(seen)
      const reply = answer(seen, response)
      if (reply) {
        const { status = 200, body = '' } = reply
        response.writeHead(status, reply.headers)
        response.end(typeof body === 'string' ? body : JSON.stringify(body))
      }
      changes.emit('change')
    })
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const url = await listen(server, () => [...sockets])
  return { url, port: Number(new URL(url).port), requests, until: createUntil(changes) }
}

/**
 * Makes a host's name lead to this machine until the test ends, as an entry in /etc/hosts would; every other name
 * leads nowhere.
 *
 * @returns the names that were looked up. Live.
 */
export function resolveToLoopback(host: string): readonly string[] {
  return replaceLookup((name) => (name === host ? '127.0.0.1' : undefined))
}

/**
 * Takes this machine off the net until the test ends: no name leads anywhere.
 *
 * @param delay what the resolver takes to find that out, ms
 * @returns the names that were looked up. Live.
 */
export function failLookups(delay: number): readonly string[] {
  return replaceLookup(() => undefined, delay)
}

function replaceLookup(find: (name: string) => string | undefined, delay = 0): string[] {
  const asked: string[] = []
  const lookup = (...args: [name: string, ...unknown[]]): void => {
    const [name, options] = args
    const callback = args.at(-1) as LookupCallback
    if (isIP(name) === 0) asked.push(name)
    const address = isIP(name) === 0 ? find(name) : name
    const answer = (): void => {
      if (!address) callback(Object.assign(new Error(`ENOTFOUND ${name}`), { code: 'ENOTFOUND' }))
      else if ((options as { all?: boolean }).all) callback(null, [{ address, family: 4 }])
      else callback(null, address, 4)
    }
    setTimeout(answer, isIP(name) === 0 ? delay : 0)
  }
  vi.spyOn(dns, 'lookup').mockImplementation(lookup)
  onTestFinished(() => void vi.restoreAllMocks())
  return asked
}

/** A port where nobody listens. */
export async function findClosedPort(): Promise<number> {
  const server = createTcpServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

type LookupCallback = (
  error: Error | null,
  address?: string | { address: string; family: number }[],
  family?: number,
) => void

async function listen(server: Server, sockets: () => Socket[]): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets()) socket.destroy()
    await closed
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function createUntil(changes: EventEmitter): Until {
  return async (condition) => {
    const signal = AbortSignal.timeout(10_000)
    while (!condition()) await once(changes, 'change', { signal })
  }
}

function readHead(bytes: Buffer): { bytes: number; announced: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [, announced] = /content-length: (\d+)\r\n/i.exec(bytes.toString('latin1')) ?? []
  return { bytes: end + 4, announced: Number(announced ?? 0) }
}
