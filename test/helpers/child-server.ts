import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A server of another program's, as a process that is started and ended as often as a test needs. */
export interface ChildServer {
  /** Resolves when it can be connected to. @throws Error with its output where it ends before that */
  start(): Promise<void>
  /** Kills it, as a crash would, and waits until it is gone. */
  stop(): Promise<void>
  signal(signal: NodeJS.Signals): void
}

/**
 * @param isReady whether what it has written so far says that it can be connected to
 * @param killedBy the signal that ends it at once, together with the processes that it has started
 */
export function createChildServer(
  command: string,
  args: readonly string[],
  isReady: (output: string) => boolean,
  killedBy: NodeJS.Signals = 'SIGKILL',
  options: SpawnOptions = {},
): ChildServer {
  let child: ChildProcess | undefined
  const signal = (name: NodeJS.Signals): void => void child?.kill(name)
  return {
    signal,
    start: async () => {
      const started = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
      child = started
      let output = ''
      await new Promise<void>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          output += chunk.toString()
          if (isReady(output)) resolve()
        }
        started.stdout?.on('data', read)
        started.stderr?.on('data', read)
        started.once('error', reject)
        started.once('exit', () => reject(new Error(`${command} ended:\n${output}`)))
      })
    },
    stop: async () => {
      const running = child
      child = undefined
      if (!running || running.exitCode !== null || running.signalCode !== null) return
      const gone = once(running, 'exit')
      running.kill('SIGCONT')
      running.kill(killedBy)
      await gone
    },
  }
}

/**
 * A port of loopback where nobody listens, and nobody will by chance while a server is down: it is below those that systems
 * hand out.
 */
export async function findServerPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
