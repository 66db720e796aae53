import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { OnEnd } from './project.ts'

/** Stands between one machine and the shared store, and strikes at a certain command: its connection breaks, too. */
export interface LethalProxy {
  readonly port: number
  /** How many commands that count have come. Live. */
  commands(): number
  /**
   * Strikes at the nth command from now on: `before` the store hears of it, or `after` it did, before the machine hears.
   */
  arm(nth: number, phase: 'before' | 'after', strike: () => void): void
  disarm(): void
}

/**
 * Stands before a port of loopback until the test ends. Commands count that have a text in them.
 */
export async function startLethalProxy(
  target: number,
  text: string,
  onEnd: OnEnd = onTestFinished,
): Promise<LethalProxy> {
  const sockets = new Set<Socket>()
  let count = 0
  let armed: { at: number; phase: 'before' | 'after'; strike: () => void } | undefined

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    let isDead = false
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end).on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    const die = (): void => {
      strike()
      end()
    }
    client.on('data', (chunk) => {
      if (isDead) return
      if (chunk.includes(text)) count++
      if (!armed || count < armed.at) return void upstream.write(chunk)
      isDead = true
      if (armed.phase === 'after') upstream.write(chunk)
      else die()
    })
    upstream.on('data', (chunk) => {
      if (isDead) die()
      else client.write(chunk)
    })
  })
  const strike = (): void => {
    const struck = armed
    armed = undefined
    struck?.strike()
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  })
  return {
    port: (server.address() as AddressInfo).port,
    commands: () => count,
    arm: (nth, phase, then) => void (armed = { at: count + nth, phase, strike: then }),
    disarm: () => void (armed = undefined),
  }
}
