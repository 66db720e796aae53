import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isMissing } from './files.ts'
import type { Layout } from './layout.ts'

/**
 * Sets a bad file aside, where nothing reads it and a person can look at it.
 *
 * @returns where it is now
 */
export function quarantine(layout: Layout, file: string): string {
  mkdirSync(layout.quarantine, { recursive: true })
  const target = join(
    layout.quarantine,
    `${Date.now()}-${randomBytes(3).toString('hex')}-${basename(file)}`,
  )
  try {
    renameSync(file, target)
  } catch (error) {
    // Somebody else may have found it bad at the same time.
    if (!isMissing(error)) throw error
  }
  return target
}
