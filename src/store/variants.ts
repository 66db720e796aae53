import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { sha256 as hashText } from '../core/fingerprint.ts'
import type { Directives } from '../core/directives.ts'
import type { Format } from '../core/formats.ts'
import { createTmpPath, hashFile, isMissing, placeFile, syncFile } from './files.ts'
import { shardedPath } from './layout.ts'
import type { Layout } from './layout.ts'
import type { Memo } from './memo.ts'
import { quarantine } from './quarantine.ts'

/** What stands beside a variant, so that it can be checked and shown without the result. */
export interface VariantInfo {
  sha256: string
  bytes: number
  format: Format
  /** pixels */
  width: number
  height: number
  /** What a srcset says of it in place of its width: `2x`. */
  density?: string | undefined
  source: { bytes: number; width: number; height: number }
}

/** Files derived from results, free to make again. */
export interface VariantStore {
  /** Where a variant belongs. Hosts derive the names they emit from the name: see `nameVariant`. */
  path(key: string, name: string): string
  /**
   * The path of a variant that is there and proven, else `undefined`; a bad one is quarantined.
   *
   * @param needsInfo one without what stands beside it is as good as none
   */
  find(key: string, name: string, needsInfo?: boolean): string | undefined
  /** What stands beside a variant; `undefined` where it is missing or unreadable. */
  readInfo(file: string): VariantInfo | undefined
  /**
   * Stores a variant.
   *
   * @param write makes the file at the path it is given, and tells what it made; its hash, where it is known already
   * @returns the variant's path
   */
  put(
    key: string,
    name: string,
    write: (tmp: string) => Promise<Omit<VariantInfo, 'sha256'> & { sha256?: string | undefined }>,
  ): Promise<string>
}

/** Raised when equal directives shall give other bytes. */
const variantVersion = 2

/**
 * Names a variant by what it is made from. Nothing has to be read to know it: that keeps warm builds fast.
 *
 * @param origin the fingerprint of a result, or whatever else identifies the pixels
 */
export function computeVariantKey(origin: string, directives: Directives): string {
  return hashText(`[${variantVersion},${JSON.stringify(origin)},${spellOut(directives)}]`)
}

/** Spelled out once for each set of directives: a project's images share a few. */
const spelledOut = new WeakMap<Directives, string>()

function spellOut(directives: Directives): string {
  let text = spelledOut.get(directives)
  if (text === undefined) spelledOut.set(directives, (text = JSON.stringify(directives)))
  return text
}

/** The variants under a cache directory. */
export function createVariantStore(layout: Layout, memo: Memo): VariantStore {
  const path = (key: string, name: string): string => shardedPath(layout.variants, key, name)

  return {
    path,
    find: (key, name, needsInfo = false) => {
      const file = path(key, name)
      if (memo.find(file) && !(needsInfo && !readInfo(file))) return file
      const info = readInfo(file)
      if (!info) return undefined
      try {
        if (hashFile(file) === info.sha256) {
          memo.remember(file, info.sha256)
          return file
        }
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
      quarantine(layout, file)
      return undefined
    },
    readInfo,
    put: async (key, name, write) => {
      const file = path(key, name)
      const tmp = await createTmpPath(layout.tmp)
      try {
        const written = await write(tmp)
        await syncFile(tmp)
        const sha256 = written.sha256 ?? hashFile(tmp)
        await placeFile(tmp, file)
        // Without what stands beside it a variant is not used: a crash in between only costs making it again.
        await writeFile(tmp, JSON.stringify({ ...written, sha256 }))
        await placeFile(tmp, infoPath(file))
        memo.remember(file, sha256)
        return file
      } catch (error) {
        await rm(tmp, { force: true })
        throw error
      }
    },
  }
}

/** The file that stands beside a variant: named after its name, and no longer than file systems allow. */
export function infoPath(file: string): string {
  return join(dirname(file), `${hashText(basename(file)).slice(0, 16)}.json`)
}

function readInfo(file: string): VariantInfo | undefined {
  try {
    const info: unknown = JSON.parse(readFileSync(infoPath(file), 'utf8'))
    return isVariantInfo(info) ? info : undefined
  } catch {
    return undefined
  }
}

/** Checked by hand: a warm build that has lost its memo does without a library for it. */
function isVariantInfo(value: unknown): value is VariantInfo {
  const { sha256, format, source, ...shipped } = value as Partial<VariantInfo>
  return (
    typeof sha256 === 'string' && typeof format === 'string' && isSized(shipped) && isSized(source)
  )
}

function isSized(value: Partial<VariantInfo['source']> | undefined): boolean {
  return [value?.bytes, value?.width, value?.height].every(
    (figure) => Number.isInteger(figure) && Number(figure) > 0,
  )
}
