import { resolve } from 'node:path'
import { createLayout } from '../../store/layout.ts'
import type { Logger } from '../../core/logger.ts'
import { resolveOptions } from '../../core/resolve-options.ts'
import { createUpscaler } from '../../upscaler.ts'
import type { Upscaler } from '../../upscaler.ts'
import { createReportWriter, findReportFile } from './report-file.ts'
import { restoreSecrets } from './secrets.ts'
import type { ProcessOptions } from './turbopack-rules.ts'

/** What one of Turbopack's processes works with. */
export interface Worker {
  readonly upscaler: Upscaler
  /** Folders where something appears when a result comes into the cache: absolute paths. */
  readonly watched: readonly string[]
  /** Runs what asks the upscaler for images. Nobody says when that begins or ends: it does with the first and the last. */
  run<T>(work: () => Promise<T>): Promise<T>
}

const workers = new Map<string, Worker>()
/** Many loaders run one after the other; ms. */
const quiet = 200

/** Turbopack prints what its processes say. */
const logger: Logger = {
  // oxlint-disable-next-line no-console
  info: (message) => console.log(message),
  // oxlint-disable-next-line no-console
  warn: (message) => console.warn(message),
}

/**
 * One for each project and set of options.
 *
 * @param root absolute path of the project
 * @throws MagnificError `BAD_OPTIONS`
 */
export function createWorker(
  root: string,
  { options, command }: Pick<ProcessOptions, 'options' | 'command'>,
): Worker {
  const key = JSON.stringify([root, command, options])
  const known = workers.get(key)
  if (known) return known
  const given = restoreSecrets(options, process.env)
  const resolved = resolveOptions(given, { root, command, env: process.env })
  const report = createReportWriter(findReportFile(root, resolved.cacheDir, true))
  const upscaler = createUpscaler(resolved, logger, undefined, report)
  let running = 0
  let timer: NodeJS.Timeout | undefined
  const end = (): void => void upscaler.end()
  process.once('exit', end)
  const worker: Worker = {
    upscaler,
    watched: [createLayout(resolve(root, resolved.cacheDir)).results],
    run: async (work) => {
      clearTimeout(timer)
      // A server goes on after what was refused.
      if (running === 0 && command === 'serve') upscaler.begin()
      running++
      try {
        const done = await work()
        // Such a process is ended without a word.
        await upscaler.flush()
        return done
      } finally {
        running--
        if (running === 0) timer = setTimeout(end, quiet).unref()
      }
    },
  }
  workers.set(key, worker)
  return worker
}
