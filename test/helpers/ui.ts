import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { expectNoKey } from './canary.ts'
import { cliCommand, cliEnvironment } from './cli.ts'
import { createInspectorClient } from './inspector.ts'
import type { InspectorClient } from './inspector.ts'
import type { PlannedProject } from './planned-project.ts'

/** `magnific ui`, as a process of its own. */
export interface Ui extends InspectorClient {
  process: ChildProcess
  /** Of the first line. */
  said: string
  end(): Promise<{ code: number | null; stderr: string }>
}

/** Starts `magnific ui` as a process of its own, and waits until it listens. */
export async function startUi(
  { project }: Pick<PlannedProject, 'project'>,
  ...args: string[]
): Promise<Ui> {
  const [node, cli] = cliCommand
  const child = spawn(node, [cli, 'ui', '--port', '0', ...args], {
    cwd: project.dir,
    env: cliEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const closed = once(child, 'close')
  const said = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    void closed.then(() => reject(new Error(stderr)))
  })
  const port = Number(/http:\/\/[^/]+:(\d+)\/__magnific\//.exec(said)?.[1])
  return {
    ...createInspectorClient(port),
    process: child,
    said,
    end: async () => {
      child.kill('SIGINT')
      const [code] = (await closed) as [number | null]
      expectNoKey(stderr)
      return { code, stderr }
    },
  }
}
