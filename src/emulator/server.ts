import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** A listening server. */
export interface Listener {
  /** Origin, with a host that can be connected to. */
  url: string
  port: number
  /** Closes the port and every socket. */
  close(): Promise<void>
}

/** What answers a request. Never rejects. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

/** Listens. @throws the system's error, if the port is taken or forbidden. */
export async function listen(
  host: string,
  port: number,
  onRequest: RequestListener,
): Promise<Listener> {
  const server: Server = createServer(onRequest)
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://${formatHost(host)}:${bound}`,
    port: bound,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Any-address hosts are listened on, never connected to. */
function formatHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
