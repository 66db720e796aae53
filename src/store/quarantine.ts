import { mkdirSync, renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Layout } from './layout.ts'

/**
 * Sets a bad file aside, where nothing reads it and a person can look at it.
 *
 * @returns where it went
 */
export function quarantine(layout: Layout, file: string): string {
  mkdirSync(layout.quarantine, { recursive: true })
  const target = join(layout.quarantine, `${Date.now()}-${basename(file)}`)
  renameSync(file, target)
  return target
}
