import { readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLayout } from '../../src/store/layout.ts'
import type { Layout } from '../../src/store/layout.ts'
import { createMemo } from '../../src/store/memo.ts'
import type { Memo } from '../../src/store/memo.ts'
import { tmpProject } from './project.ts'

/** An empty cache directory, removed when the test ends. Nothing of it is there yet. */
export function tmpLayout(): Layout {
  return createLayout(tmpProject().path('.magnific'))
}

/** A memo as another process, or a later build, would read it: minutes after the last write. */
export function laterMemo(layout: Layout): Memo {
  return createMemo(layout, () => Date.now() + 600_000)
}

/** The names in a folder, none where it is missing. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}

/** Lets everything below a path, and itself, be as old as that. */
export function makeOld(path: string, age = 100 * 24 * 60 * 60_000): void {
  const then = new Date(Date.now() - age)
  const below = statSync(path).isDirectory() ? readdirSync(path, { recursive: true }) : []
  for (const name of [...below.map(String).toReversed(), ''])
    utimesSync(join(path, name), then, then)
}

/** Turns one bit in the middle of a file, as a bad disk would. */
export function flipBit(file: string): void {
  const bytes = readFileSync(file)
  const middle = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  writeFileSync(file, bytes)
}
