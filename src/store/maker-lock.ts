import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasEnded, identifyProcess } from './liveness.ts'
import type { ProcessIdentity } from './liveness.ts'
import type { Layout } from './layout.ts'

/** A maker says so often that it lives, ms. */
const beat = 5000
/** One that has not said so for so long is gone, ms. */
const silence = 30_000

/**
 * Says to other processes that something is being made here. It guards nothing: whoever is wrong about it makes the same
 * bytes a second time.
 */
export interface MakerLock {
  /** @returns what ends it, or `undefined` where another process is at work */
  take(key: string): (() => void) | undefined
}

/** The files of the locks that this process holds: one that is left over from a disk that failed is nobody's. */
const held = new Set<string>()

/** @param now ms since 1970 */
export function createMakerLock({ tmp }: Layout, now: () => number): MakerLock {
  return {
    take: (key) => {
      const file = join(tmp, `making-${key}`)
      try {
        mkdirSync(tmp, { recursive: true })
      } catch {
        // Also EEXIST, for what is no folder.
        return () => {}
      }
      try {
        writeFileSync(file, JSON.stringify(identifyProcess()), { flag: 'wx' })
      } catch (error) {
        // Where nothing can be written, nobody else can say anything either.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return () => {}
        if (isAtWork(file, now())) return undefined
        takeOver(file, now())
      }
      held.add(file)
      const timer = setInterval(() => touch(file, now()), beat).unref()
      return () => {
        clearInterval(timer)
        held.delete(file)
        remove(file)
      }
    },
  }
}

function isAtWork(file: string, now: number): boolean {
  try {
    if (held.has(file)) return true
    if (now - statSync(file).mtimeMs > silence) return false
    const maker = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
    return !isSelf(maker) && !hasEnded(maker)
  } catch {
    // Gone by now; or being written at this moment: then its time is new, and the next look tells.
    return true
  }
}

/** Others must not find the one that is gone. */
function takeOver(file: string, now: number): void {
  try {
    writeFileSync(file, JSON.stringify(identifyProcess()))
  } catch {
    // Others may then make it too.
  }
  touch(file, now)
}

function isSelf(maker: ProcessIdentity): boolean {
  return JSON.stringify(maker) === JSON.stringify(identifyProcess())
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // Others wait until it has been silent for long enough.
  }
}

function touch(file: string, now: number): void {
  try {
    utimesSync(file, now / 1000, now / 1000)
  } catch {
    // Others may then make it too.
  }
}
