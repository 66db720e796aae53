import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { OnEnd } from './project.ts'

/** What is between a client and its server: the network, as bad as a test needs it. */
export interface TcpProxy {
  readonly port: number
  /** Connections that are open. */
  connections(): number
  /** Bytes that clients have sent while it hung. */
  swallowed(): number
  /** Holds back each chunk of the answers, and those that follow it, for so many ms. */
  setDelay(ms: number): void
  /** Lets so many bytes of answers through in a ms, one after another. */
  setRate(bytes: number): void
  /** Breaks all connections, and refuses new ones. */
  cut(): Promise<void>
  /** Takes connections and all that is sent, hands nothing on and answers nothing. */
  hang(): void
  /** All is well again. What was held back by `hang` is lost: those connections are broken. */
  heal(): Promise<void>
}

/** Stands before a port of loopback until the test ends. */
export async function startProxy(target: number, onEnd: OnEnd = onTestFinished): Promise<TcpProxy> {
  const pairs = new Map<Socket, Socket | undefined>()
  const state = { delay: 0, rate: Number.POSITIVE_INFINITY, isHanging: false, swallowed: 0 }

  const server = createServer((client) => {
    const upstream = state.isHanging ? undefined : connect(target, '127.0.0.1')
    pairs.set(client, upstream)
    const end = (): void => {
      client.destroy()
      upstream?.destroy()
      pairs.delete(client)
    }
    for (const socket of [client, upstream]) socket?.on('error', end).on('close', end)
    client.on('data', (chunk) => {
      if (state.isHanging) state.swallowed += chunk.length
      else upstream?.write(chunk)
    })
    let answers = Promise.resolve()
    const answer = async (chunk: Buffer, due: number): Promise<void> => {
      const left = due - performance.now()
      if (left > 0) await setTimeout(left)
      const length = chunk.length / state.rate
      if (length > 0) await setTimeout(length)
      if (!state.isHanging && !client.destroyed) client.write(chunk)
    }
    upstream?.on('data', (chunk) => {
      const due = performance.now() + state.delay
      answers = answers.then(async () => answer(chunk, due))
    })
  })

  const destroyAll = (): void => {
    for (const [client, upstream] of pairs) {
      client.destroy()
      upstream?.destroy()
    }
  }
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const cut = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    destroyAll()
    await closed
  }
  const port = await listen(0)
  onEnd(cut)
  return {
    port,
    connections: () => pairs.size,
    swallowed: () => state.swallowed,
    setDelay: (ms) => void (state.delay = ms),
    setRate: (bytes) => void (state.rate = bytes),
    cut,
    hang: () => void (state.isHanging = true),
    heal: async () => {
      if (state.isHanging) destroyAll()
      state.isHanging = false
      if (!server.listening) await listen(port)
    },
  }
}
