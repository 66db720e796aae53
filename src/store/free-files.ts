import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 as hashText } from '../core/fingerprint.ts'
import { sha256Pattern } from '../core/patterns.ts'
import type { Layout } from './layout.ts'
import { createMakerLock } from './maker-lock.ts'

/** What is of no use to anybody, or is made again for free. */
export interface FreeFile {
  /** Absolute; of a variant, the folder of its key. */
  path: string
  bytes: number
}

/** The folders of variants, by their keys. */
export async function listVariants(
  layout: Layout,
): Promise<(FreeFile & { key: string; changedAt: number })[]> {
  const listed: (FreeFile & { key: string; changedAt: number })[] = []
  for (const shard of await listNames(layout.variants)) {
    for (const key of await listNames(join(layout.variants, shard))) {
      const path = join(layout.variants, shard, key)
      if (!sha256Pattern.test(key)) continue
      listed.push({ path, key, ...(await measure(path)) })
    }
  }
  return listed
}

/** What lies in the folder for what is half written, or in quarantine; `since` is when it came there, ms since 1970. */
export async function listLeftovers(folder: string): Promise<(FreeFile & { since: number })[]> {
  const names = await listNames(folder)
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name)
      const { bytes, changedAt } = await measure(path)
      // A file in quarantine keeps its times, and has in its name when it was set aside.
      const [, setAside] = /^(\d{13})-[\da-f]{6}-/.exec(name) ?? []
      return { path, bytes, since: setAside === undefined ? changedAt : Number(setAside) }
    }),
  )
}

/**
 * Removes the variants of a key, unless somebody is making one of them.
 *
 * @param now ms since 1970
 * @returns whether they are gone
 */
export async function removeVariants(
  layout: Layout,
  folder: string,
  now: () => number,
): Promise<boolean> {
  const lock = createMakerLock(layout, now)
  const releases: (() => void)[] = []
  try {
    for (const name of await listNames(folder)) {
      const release = lock.take(hashText(join(folder, name)))
      if (!release) return false
      releases.push(release)
    }
    await rm(folder, { recursive: true, force: true })
    return true
  } finally {
    for (const release of releases) release()
  }
}

/** The size of all that a path stands for, and when something of it was written last, ms since 1970. */
async function measure(path: string): Promise<{ bytes: number; changedAt: number }> {
  try {
    const stats = await stat(path)
    if (!stats.isDirectory()) return { bytes: stats.size, changedAt: stats.mtimeMs }
    let bytes = 0
    let changedAt = stats.mtimeMs
    for (const name of await listNames(path)) {
      const inner = await measure(join(path, name))
      bytes += inner.bytes
      changedAt = Math.max(changedAt, inner.changedAt)
    }
    return { bytes, changedAt }
  } catch {
    // Gone meanwhile.
    return { bytes: 0, changedAt: Number.POSITIVE_INFINITY }
  }
}

async function listNames(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
