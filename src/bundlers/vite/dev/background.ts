import type { Reference } from '../../../upscaler.ts'
import type { Session } from '../session.ts'

/** Upscales behind the previews that pages show meanwhile. */
export interface Background {
  /** Begins, unless it has begun, or has failed and nothing has changed since. */
  upscale(reference: Reference): void
  /** A file has changed: what failed may go well now. */
  forget(file: string): void
}

/** @param onUpscaled called when there is something better than a preview */
export function createBackground(
  { upscaler, config }: Session,
  onUpscaled: (file: string) => void,
): Background {
  const running = new Set<string>()
  const failed = new Map<string, Set<string>>()

  const run = async (reference: Reference): Promise<void> => {
    const { file, query } = reference
    try {
      await upscaler.upscale(reference)
      onUpscaled(file)
    } catch (error) {
      const queries = failed.get(file) ?? new Set<string>()
      failed.set(file, queries.add(query))
      config.logger.error((error as Error).message, { timestamp: true })
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
    forget: (file) => void failed.delete(file),
  }
}
