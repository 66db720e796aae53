import { MagnificError } from '../core/errors.ts'
import { createEmulator } from '../emulator/index.ts'
import type { EmulatedCall, Emulator } from '../emulator/index.ts'
import { readEmulatorOptions } from './emulator-flags.ts'
import type { EmulatorFlags } from './emulator-flags.ts'

export type { EmulatorFlags } from './emulator-flags.ts'

/**
 * Plays the API until the process is told to end.
 *
 * @param write prints a line
 * @param end resolves when it shall end
 * @throws TypeError for flags that are not understood, with every problem listed
 * @throws MagnificError `BAD_COMMAND` where it cannot listen
 */
export async function runEmulator(
  flags: EmulatorFlags,
  write: (text: string) => void,
  end: Promise<void> = awaitSignal(),
): Promise<void> {
  const { json = false, verbose = false } = flags
  const options = readEmulatorOptions(flags)
  const tell = (call: EmulatedCall): void =>
    write(json ? JSON.stringify(toObject(call)) : renderCall(call))
  const emulator = await listen({ ...options, ...(verbose && { onCall: tell }) })
  const { url, port, downloadUrl } = emulator
  const environment = {
    MAGNIFIC_BASE_URL: url,
    FREEPIK_API_KEY: options.apiKeys ? '<one of --api-key>' : 'anything',
  }
  if (json) write(JSON.stringify({ url, port, downloadUrl, pid: process.pid }))
  else {
    write(`The emulator of the Magnific API listens on ${url}. Build with this environment:`)
    for (const [name, value] of Object.entries(environment)) write(`  ${name}=${value}`)
    write('Its results are resampled here, and cost nothing. Ctrl+C ends it.')
  }
  await end
  await emulator.close()
  write(json ? JSON.stringify(summarize(emulator)) : renderSummary(emulator))
}

async function listen(options: Parameters<typeof createEmulator>[0]): Promise<Emulator> {
  try {
    return await createEmulator(options)
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    const { host = '127.0.0.1', port = 0 } = options ?? {}
    const reasons: Record<string, string> = {
      EADDRINUSE: `Port ${port} of ${host} is in use. End what listens there, or choose another one: --port 0 takes any that is free.`,
      EACCES: `Port ${port} may not be used by you. Choose one from 1024 on: --port 4000.`,
    }
    const reason =
      reasons[code ?? ''] ??
      `The emulator cannot listen on ${host} (${(error as Error).message}). --host names an address of this machine.`
    throw new MagnificError('BAD_COMMAND', reason, { cause: error })
  }
}

/** Told a second time, the process ends at once. */
async function awaitSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

/** Without headers, which hold the key, and without the query, which signs a download. */
function toObject({ index, route, method, url, taskId, status, faulted }: EmulatedCall): object {
  const path = url.split('?', 1)[0]
  return { call: index, route, method, path, status: status ?? null, task: taskId ?? null, faulted }
}

function renderCall({ method, url, status, taskId, faulted, route }: EmulatedCall): string {
  const isNamed = route === 'submit' && taskId !== undefined
  return [
    `${method} ${url.split('?', 1)[0]} → ${status ?? 'no answer'}`,
    isNamed ? `task ${taskId}` : '',
    faulted ? '(a fault)' : '',
  ]
    .filter(Boolean)
    .join('  ')
}

function summarize({ tasks, calls }: Emulator): {
  tasks: number
  unfinished: number
  calls: number
} {
  const unfinished = tasks.filter(({ status }) => status !== 'COMPLETED' && status !== 'FAILED')
  return { tasks: tasks.length, unfinished: unfinished.length, calls: calls.length }
}

function renderSummary(emulator: Emulator): string {
  const { tasks, unfinished, calls } = summarize(emulator)
  const counts = `${count(tasks, 'task')} would have been charged for · ${count(calls, 'call')}`
  if (unfinished === 0) return counts
  return `${counts}\n${count(unfinished, 'task')} did not end, and nobody knows of them any more. Builds that wait for them are told what to do by \`magnific status\`.`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
