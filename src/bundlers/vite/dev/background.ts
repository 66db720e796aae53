import type { MagnificError } from '../../../core/errors.ts'
import type { Reference } from '../../../shipment.ts'
import type { Upscaler } from '../../../upscaler.ts'

/** Upscales behind the previews that pages show meanwhile. */
export interface Background {
  /** Begins, unless it has begun, or has failed and nothing has changed since. */
  upscale(reference: Reference): void
  /** A file has changed: what failed may go well now. */
  forget(file: string): void
  /** There is something better, however it came here. */
  tell(file: string): void
  /** @param listener is told the file when there is something better than a preview */
  listen(listener: (file: string) => void): void
}

/** Nothing is under way yet. */
export function createBackground(
  upscaler: Upscaler,
  logger: { error(message: string, options: { timestamp: boolean }): void },
): Background {
  const running = new Set<string>()
  const failed = new Map<string, Set<string>>()
  const listeners: ((file: string) => void)[] = []
  let lastError = ''

  const tell = (file: string): void => {
    for (const listener of listeners) listener(file)
  }

  const run = async (reference: Reference): Promise<void> => {
    const { file, query } = reference
    try {
      await upscaler.upscale(reference)
      tell(file)
    } catch (error) {
      const queries = failed.get(file) ?? new Set<string>()
      failed.set(file, queries.add(query))
      const { code, text, message } = error as MagnificError
      // What is wrong with the key or the account is wrong for every image, and told once.
      if (code !== 'ABORTED' && text !== lastError) {
        logger.error(
          `${message}\n  Until then the preview is shown. The dev server tries again when the image changes, or when it is started anew.`,
          { timestamp: true },
        )
      }
      lastError = text
    }
  }

  return {
    upscale: (reference) => {
      const { file, query } = reference
      const key = `${file}?${query}`
      if (running.has(key) || failed.get(file)?.has(query)) return
      running.add(key)
      void run(reference).finally(() => running.delete(key))
    },
    forget: (file) => {
      failed.delete(file)
      lastError = ''
      // What ended all spending may be mended.
      upscaler.begin()
    },
    tell,
    listen: (listener) => void listeners.push(listener),
  }
}
