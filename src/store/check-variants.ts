import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { sha256 as hashText } from '../core/fingerprint.ts'
import { listFiles } from './cache-paths.ts'
import { hashFile, isMissing } from './files.ts'
import type { Layout } from './layout.ts'
import { createMakerLock } from './maker-lock.ts'
import type { Memo } from './memo.ts'
import { createVariantStore, infoPath } from './variants.ts'
import type { VariantStore } from './variants.ts'

const variantPath = /^v1\/variants\/([\da-f]{2})\/(\1[\da-f]{62})\/[^/]+$/
const infoName = /^[\da-f]{16}\.json$/

/** What variants turned out to be. */
export interface CheckedVariants {
  checked: number
  /** From the cache directory. */
  removed: string[]
  /** Files that do not belong, from the cache directory. */
  strays: string[]
}

/**
 * Hashes every variant, whatever the memo says, and removes the bad ones: they are made again for free.
 *
 * @param now ms since 1970
 */
export async function checkVariants(
  layout: Layout,
  memo: Memo,
  now: () => number,
  onChecked: (checked: { bytes: number }) => void = () => {},
): Promise<CheckedVariants> {
  const variants = createVariantStore(layout, memo)
  const lock = createMakerLock(layout, now)
  const result: CheckedVariants = { checked: 0, removed: [], strays: [] }
  for (const { file, path, isFile } of await listFiles(layout.dir, [layout.variants])) {
    const name = basename(file)
    if (name.startsWith('.') || infoName.test(name)) continue
    if (!isFile || !variantPath.test(path)) {
      result.strays.push(path)
      continue
    }
    result.checked++
    const isGood = (): boolean => isVariantGood(file, variants, memo)
    onChecked({ bytes: variants.readInfo(file)?.bytes ?? 0 })
    if (isGood()) continue
    // Somebody may be at it: what stands beside a variant comes after it.
    const release = lock.take(hashText(file))
    if (!release) continue
    try {
      if (isGood()) continue
      await rm(file, { force: true })
      await rm(infoPath(file), { force: true })
      result.removed.push(path)
    } finally {
      release()
    }
  }
  return result
}

function isVariantGood(file: string, variants: VariantStore, memo: Memo): boolean {
  try {
    const sha256 = variants.readInfo(file)?.sha256
    if (sha256 === undefined || hashFile(file) !== sha256) return false
    memo.remember(file, sha256)
    return true
  } catch (error) {
    // Cleared away meanwhile, there is nothing wrong with it.
    return isMissing(error)
  }
}
