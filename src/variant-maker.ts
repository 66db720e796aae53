import type { LimitFunction } from 'p-limit'
import { MagnificError } from './core/errors.ts'
import type { Directives } from './core/formats.ts'
import type { Shared } from './shared.ts'
import type { Layout } from './store/layout.ts'
import { createMemo } from './store/memo.ts'
import { createVariantStore } from './store/variants.ts'
import type { VariantInfo, VariantStore } from './store/variants.ts'

/** What a variant is made for. */
export interface VariantWish {
  key: string
  /** The source, an absolute path. */
  file: string
  directives: Directives
  /** What it has to wait its turn for. */
  limit: LimitFunction
  /** Aborts when it is not wanted any more: what has not begun by then is not made. */
  signal?: AbortSignal
}

/** Writes a variant to a path, and tells what it wrote; its hash, where it is known already. */
export type WriteVariant = (
  tmp: string,
) => Promise<Omit<VariantInfo, 'sha256' | 'format'> & { sha256?: string }>

/**
 * Makes the variant of a key once, whoever asks, unless it is there. A picture that is at hand is shipped, also where the
 * cache directory takes no more: from a folder that is gone with the process.
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
  warn: (message: string) => void,
): VariantMaker {
  const spareVariants = createVariantStore(spare, createMemo(spare))
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

  return async ({ key, file, directives: { format }, limit, signal }, write) => {
    const { value } = await derivations.run(variants.path(key, file), signal, async (flight) => {
      const known = findVariant(variants, key, file) ?? findVariant(spareVariants, key, file)
      if (known !== undefined) return known
      return limit(async () => {
        flight.throwIfAborted()
        return put(key, file, async (tmp) => ({ ...(await write(tmp)), format }))
      })
    })
    return value
  }
}

/** One that cannot be read is made again. */
function findVariant(store: VariantStore, key: string, file: string): string | undefined {
  try {
    return store.find(key, file)
  } catch {
    return undefined
  }
}
