import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs a command to its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal, timeout?: number }} settings `timeout` in ms
 * @returns {Promise<{ output: string }>} all that it wrote
 * @throws an error with the end of its output, where it fails
 */
export async function run(command, args, { timeout = 10 * 60_000, ...settings }) {
  const child = start(command, args, settings)
  const timer = setTimeout(() => stop(child), timeout)
  const [code, killed] = await once(child, 'close')
  clearTimeout(timer)
  if (code === 0) return { output: child.output() }
  const end = child.output().trimEnd().split('\n').slice(-60).join('\n')
  throw new Error(`\`${[command, ...args].join(' ')}\` ended with ${code ?? killed}:\n${end}`)
}

/** Starts a command as a group of processes of its own, which `stop` ends with all that it has started. */
export function start(command, args, { signal, ...settings }) {
  const child = spawn(command, args, {
    ...settings,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  }
  const end = () => stop(child)
  signal?.addEventListener('abort', end)
  child.once('close', () => signal?.removeEventListener('abort', end))
  return Object.assign(child, { output: () => output })
}

/** Ends a command and all that it has started. */
export function stop({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
