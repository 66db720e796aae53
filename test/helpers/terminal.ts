import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { onTestFinished } from 'vitest'

/** Whether this machine has what makes a terminal of a pipe: util-linux's `script`. */
export const hasTerminal: boolean =
  process.platform === 'linux' && spawnSync('script', ['--version']).status === 0

/** What a person sees of a command on a terminal of 120 columns. */
export interface Session {
  /** The exit code. */
  code: number | null
  /** The lines as they stand when it is over, without colours. */
  screen: string
}

/**
 * Runs a command on a terminal.
 *
 * @param answers what is typed, each as soon as the text before it has been seen
 */
export async function runOnTerminal(
  command: readonly string[],
  settings: { cwd: string; env: NodeJS.ProcessEnv },
  answers: readonly (readonly [seen: string, typed: string])[] = [],
): Promise<Session> {
  const line = command.map((part) => `'${part.replaceAll("'", String.raw`'\''`)}'`).join(' ')
  const args = ['-qec', `stty cols 120; exec ${line}`, '/dev/null']
  const child = spawn('script', args, { ...settings, stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  const left = [...answers]
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
    const [next] = left
    if (!next || !output.includes(next[0])) return
    left.shift()
    child.stdin.write(`${next[1]}\n`)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, screen: renderScreen(output) }
}

/** A line that was drawn anew stands as it was drawn last. */
function renderScreen(output: string): string {
  return output
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => stripVTControlCharacters(line.split('\r\u001B[K').at(-1) ?? '').trimEnd())
    .join('\n')
}
