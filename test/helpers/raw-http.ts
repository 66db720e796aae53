import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** An answer as it came off the wire. */
export interface RawAnswer {
  status: number
  /** By names in lower case. */
  headers: Record<string, string>
  /** Without the framing of chunks. */
  body: Buffer
}

/** A connection on which requests are written as they stand: nothing tidies up their paths. */
export interface RawConnection {
  readonly socket: Socket
  /** Writes the bytes of requests, and reads nothing. */
  write(request: string | Buffer): void
  /**
   * Reads the next answer.
   *
   * @param method of the request that it is for: an answer to HEAD has no body, whatever its headers say
   * @throws Error where the connection ends before the answer does, or nothing comes for 20 s
   */
  read(method?: string): Promise<RawAnswer>
  close(): void
}

/** What a request is made of. */
export interface RawRequest {
  method?: string
  /** The target as it is written, above all a path with its query. */
  target: string | Buffer
  headers?: Record<string, string>
  version?: string
  body?: string
}

/** A request's bytes, for a server on loopback. A header that is `''` is left out. */
export function renderRawRequest(
  port: number,
  { method = 'GET', target, headers = {}, version = '1.1', body = '' }: RawRequest,
): Buffer {
  const all: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    accept: '*/*',
    ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([
    Buffer.from(`${method} `),
    Buffer.from(target),
    Buffer.from(` HTTP/${version}\r\n${lines.join('')}\r\n${body}`),
  ])
}

/** Opens a connection to a port on loopback. */
export function connectRaw(port: number): RawConnection {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.setNoDelay(true)
  socket.setTimeout(20_000, () => void socket.destroy(new Error('The server is silent.')))
  // What goes wrong is thrown to whoever reads.
  socket.on('error', () => {})
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let arrived: Buffer = Buffer.alloc(0)

  const readMore = async (): Promise<boolean> => {
    const { value, done } = await chunks.next()
    if (done) return false
    arrived = arrived.length === 0 ? value : Buffer.concat([arrived, value])
    return true
  }
  const take = async (count: number): Promise<Buffer> => {
    while (arrived.length < count)
      if (!(await readMore())) throw new Error('The answer breaks off.')
    const taken = arrived.subarray(0, count)
    arrived = arrived.subarray(count)
    return taken
  }
  const takeLine = async (end: string): Promise<string> => {
    while (!arrived.includes(end)) if (!(await readMore())) throw new Error('There is no answer.')
    const line = await take(arrived.indexOf(end) + end.length)
    return line.toString('latin1', 0, line.length - end.length)
  }
  const takeChunks = async (): Promise<Buffer> => {
    const parts: Buffer[] = []
    for (;;) {
      const size = Number.parseInt(await takeLine('\r\n'), 16)
      parts.push((await take(size + 2)).subarray(0, size))
      if (size === 0) return Buffer.concat(parts)
    }
  }
  const takeBody = async (
    method: string,
    { status, headers }: Omit<RawAnswer, 'body'>,
  ): Promise<Buffer> => {
    if (method === 'HEAD' || status === 204 || status === 304) return Buffer.alloc(0)
    if (headers['transfer-encoding'] === 'chunked') return takeChunks()
    if (headers['content-length'] !== undefined) return take(Number(headers['content-length']))
    while (await readMore());
    return take(arrived.length)
  }

  return {
    socket,
    write: (request) => void socket.write(request),
    read: async (method = 'GET') => {
      const [first = '', ...lines] = (await takeLine('\r\n\r\n')).split('\r\n')
      const head = {
        status: Number(first.split(' ')[1]),
        headers: Object.fromEntries(
          lines.map((line) => {
            const colon = line.indexOf(':')
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
          }),
        ),
      }
      return { ...head, body: await takeBody(method, head) }
    },
    close: () => void socket.destroy(),
  }
}

/** One request on a connection of its own. */
export async function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  const connection = connectRaw(port)
  try {
    connection.write(renderRawRequest(port, request))
    return await connection.read(request.method)
  } finally {
    connection.close()
  }
}
