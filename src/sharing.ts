import type { Logger } from './core/logger.ts'
import type { ResolvedOptions } from './core/options.ts'
import type { Shared } from './shared.ts'
import type { SharedCache } from './store/remote/shared-cache.ts'

/**
 * The cache that machines share, where the options name one: one for all who work on the same cache directory in this
 * process. Warm builds do not load it.
 */
export async function openSharing(
  shared: Shared,
  { root, sharing }: Pick<ResolvedOptions, 'root' | 'sharing'>,
  { warn }: Pick<Logger, 'warn'>,
): Promise<SharedCache | undefined> {
  if (!sharing) return undefined
  return (shared.sharing ??= import('./store/remote/shared-cache.ts').then(
    ({ createSharedCache }) =>
      createSharedCache({
        ...sharing,
        root,
        warn: (message) => warn(`magnific: ${message}`),
      }),
  ))
}

/** Waits until other machines can have what was bought, and lets the process end. */
export async function finishSharing({ sharing }: Shared): Promise<void> {
  await (await sharing)?.finish()
}
