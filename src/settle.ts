import { stat } from 'node:fs/promises'
import type { Clock } from './core/clock.ts'

/** A file that was not written to for so long has the content that is meant, ms: editors and exports write in bursts. */
const quiet = 1000

/**
 * Waits until a file has come to rest, so that nothing is bought that is gone a moment later.
 *
 * @throws the error of node:fs where there is no such file, and the signal's reason
 */
export async function awaitSettled(file: string, clock: Clock, signal: AbortSignal): Promise<void> {
  let seen = ''
  for (;;) {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file)
    const age = clock.now() - Math.max(mtimeMs, ctimeMs)
    const signature = [ino, size, mtimeMs, ctimeMs].join(':')
    // Other clocks may be ahead of ours: then it counts that nothing has changed while we waited.
    if (age >= quiet || signature === seen) return
    seen = signature
    await clock.sleep(Math.min(quiet - age, quiet), signal)
  }
}
