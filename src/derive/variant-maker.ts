import { sha256 } from '../core/fingerprint.ts'
import type { Clock } from '../core/clock.ts'
import { MagnificError } from '../core/errors.ts'
import type { Format } from '../core/formats.ts'
import type { Shared } from '../shared.ts'
import type { Layout } from '../store/layout.ts'
import { createMakerLock } from '../store/maker-lock.ts'
import { createMemo } from '../store/memo.ts'
import { createVariantStore } from '../store/variants.ts'
import type { VariantInfo, VariantStore } from '../store/variants.ts'

/** The wait before it is looked again whether another process has made it, ms. */
const pause = 50

/** What a variant is made for. */
export interface VariantWish {
  key: string
  /** The variant's name. */
  name: string
  format: Format
  /** Runs the work when there is room for it. */
  limit: <T>(work: () => Promise<T>) => Promise<T>
  /** Aborts when it is not wanted any more: what has not begun by then is not made. */
  signal?: AbortSignal | undefined
}

/** Writes a variant to a path, and tells what it wrote; its hash, where it is known already. */
export type WriteVariant = (
  tmp: string,
) => Promise<Omit<VariantInfo, 'sha256' | 'format'> & { sha256?: string | undefined }>

/**
 * Makes the variant of a key once, whoever asks, in whichever process, unless it is there. A picture that is at hand is
 * shipped, also where the cache directory takes no more: from a folder that is gone with the process.
 *
 * @returns the variant's path
 */
export type VariantMaker = (wish: VariantWish, write: WriteVariant) => Promise<string>

/**
 * @param spare where goes what the cache directory does not take
 * @param warn is told once that the cache directory takes no more
 */
export function createVariantMaker(
  { layout, derivations }: Shared,
  spare: Layout,
  variants: VariantStore,
  clock: Clock,
  warn: (message: string) => void,
): VariantMaker {
  const spareVariants = createVariantStore(spare, createMemo(spare))
  const lock = createMakerLock(layout, clock.now)
  let warned = false

  const put: VariantStore['put'] = async (...variant) => {
    try {
      return await variants.put(...variant)
    } catch (error) {
      if (error instanceof MagnificError) throw error
      const file = await spareVariants.put(...variant).catch(() => {
        throw error
      })
      if (!warned) {
        warn(
          `Images cannot be kept in ${layout.dir} (${(error as Error).message}). They are shipped from a temporary folder, and made again by the next build, which costs time and no money.`,
        )
      }
      warned = true
      return file
    }
  }

  const find = (key: string, name: string): string | undefined =>
    findVariant(variants, key, name) ?? findVariant(spareVariants, key, name)

  return async ({ key, name, format, limit, signal }, write) => {
    const path = variants.path(key, name)
    const { value } = await derivations.run(path, signal, async (flight) => {
      for (;;) {
        const known = find(key, name)
        if (known !== undefined) return known
        const release = lock.take(sha256(path))
        if (!release) {
          await clock.sleep(pause, flight)
          continue
        }
        try {
          // Made between the look and the lock.
          const late = find(key, name)
          if (late !== undefined) return late
          return await limit(async () => {
            flight.throwIfAborted()
            return put(key, name, async (tmp) => ({ ...(await write(tmp)), format }))
          })
        } finally {
          release()
        }
      }
    })
    return value
  }
}

/** One that cannot be read is made again. */
function findVariant(store: VariantStore, key: string, name: string): string | undefined {
  try {
    // What is made has its figures beside it.
    return store.find(key, name, true)
  } catch {
    return undefined
  }
}
