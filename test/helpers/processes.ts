import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { identifyProcess } from '../../src/store/liveness.ts'
import type { ProcessIdentity } from '../../src/store/liveness.ts'

/** A process that runs until it is killed, at the latest when the test ends. */
export interface Sleeper extends ProcessIdentity {
  /** Resolves when it is gone. */
  kill(): Promise<void>
}

/** This process, but for what is said. */
export function processOf(differences: Partial<ProcessIdentity> = {}): ProcessIdentity {
  return { ...identifyProcess(), ...differences }
}

/** A process of this machine that ran and is gone. */
export function spawnEnded(): ProcessIdentity {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  return processOf({ pid, started: '1' })
}

/** A process of this machine that waits. */
export async function spawnSleeper(): Promise<Sleeper> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'])
  await once(child, 'spawn')
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  onTestFinished(kill)
  const pid = child.pid ?? 0
  return { ...processOf({ pid, started: readStart(pid) }), kill }
}

/** As the kernel tells it; the command in parentheses may hold spaces. */
function readStart(pid: number): string {
  if (process.platform !== 'linux') return ''
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
