import type { Logger } from './core/logger.ts'
import type { ResolvedOptions, ResolvedSharing } from './core/options.ts'
import { formatKey } from './core/signing-option.ts'
import type { Shared } from './shared.ts'
import type { SharedCache } from './store/remote/shared-cache.ts'

/** A shared cache that somebody in this process has asked for. */
export interface Sharing {
  readonly settings: ResolvedSharing
  readonly cache: Promise<SharedCache>
}

/**
 * The cache that machines share, where the options name one: one for all in this process who name it in the same way. What
 * one may read and write says nothing about another. Warm builds do not load it.
 */
export async function openSharing(
  { sharings }: Shared,
  { root, sharing: settings }: Pick<ResolvedOptions, 'root' | 'sharing'>,
  { warn }: Pick<Logger, 'warn'>,
): Promise<SharedCache | undefined> {
  if (!settings) return undefined
  const known = sharings.find((each) => isSame(each.settings, settings))
  if (known) return known.cache
  const id = String(sharings.length)
  const cache = import('./store/remote/shared-cache.ts').then(({ createSharedCache }) =>
    createSharedCache(id, {
      ...settings,
      root,
      warn: (message) => warn(`magnific: ${message}`),
    }),
  )
  sharings.push({ settings, cache })
  return cache
}

/** Waits until other machines can have what was bought. */
export async function flushSharing({ sharings }: Shared): Promise<void> {
  await Promise.all(sharings.map(async ({ cache }) => (await cache).remote.background.flush()))
}

/** The same, and lets the process end. */
export async function finishSharing({ sharings }: Shared): Promise<void> {
  await Promise.all(sharings.map(async ({ cache }) => (await cache).finish()))
}

function isSame(a: ResolvedSharing, b: ResolvedSharing): boolean {
  return (
    a.remote === b.remote &&
    a.claim === b.claim &&
    a.readOnly === b.readOnly &&
    a.timeout === b.timeout &&
    keysOf(a) === keysOf(b)
  )
}

function keysOf({ signing }: ResolvedSharing): string {
  const { publicKey, privateKey } = signing ?? {}
  return [publicKey, privateKey].map((key) => key && formatKey(key)).join()
}
