import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'

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
