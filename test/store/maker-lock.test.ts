import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Layout } from '../../src/store/layout.ts'
import { identifyProcess } from '../../src/store/liveness.ts'
import { createMakerLock } from '../../src/store/maker-lock.ts'
import { namesIn, tmpLayout } from '../helpers/cache.ts'
import { processOf, spawnEnded, spawnSleeper } from '../helpers/processes.ts'

const seconds = 1000

function lockFile({ tmp }: Layout): string {
  return join(tmp, 'making-a')
}

/** A lock as another process would leave it. */
function leaveLock(layout: Layout, content: string, age = 0): void {
  mkdirSync(layout.tmp, { recursive: true })
  writeFileSync(lockFile(layout), content)
  const at = (Date.now() - age) / 1000
  utimesSync(lockFile(layout), at, at)
}

/** What another process is told. */
function isTaken(layout: Layout, now = Date.now): boolean {
  const release = createMakerLock(layout, now).take('a')
  release?.()
  return release === undefined
}

describe('createMakerLock', () => {
  it('is taken once, until it is given back', () => {
    const layout = tmpLayout()
    const lock = createMakerLock(layout, Date.now)
    const release = lock.take('a')
    expect(release).toBeTypeOf('function')
    expect(lock.take('a')).toBeUndefined()
    expect(isTaken(layout)).toBe(true)
    expect(JSON.parse(readFileSync(lockFile(layout), 'utf8'))).toEqual(identifyProcess())
    release?.()
    expect(namesIn(layout.tmp)).toEqual([])
    expect(isTaken(layout)).toBe(false)
  })

  it('is another one for every key', () => {
    const lock = createMakerLock(tmpLayout(), Date.now)
    const releases = [lock.take('a'), lock.take('b')]
    for (const release of releases) {
      expect(release).toBeTypeOf('function')
      release?.()
    }
  })

  it('of a process that works is left to it', async () => {
    const layout = tmpLayout()
    leaveLock(layout, JSON.stringify(await spawnSleeper()), 20 * seconds)
    expect(isTaken(layout)).toBe(true)
    expect(existsSync(lockFile(layout))).toBe(true)
  })

  it('of a process that is gone is taken over at once, and is then as good as a new one', () => {
    const layout = tmpLayout()
    leaveLock(layout, JSON.stringify(spawnEnded()))
    const release = createMakerLock(layout, Date.now).take('a')
    expect(release).toBeTypeOf('function')
    // Whoever comes third sees who is at work now, and not the one that is gone.
    expect(isTaken(layout)).toBe(true)
    release?.()
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('of somebody who has been silent for long is taken over, wherever that is', () => {
    const elsewhere = JSON.stringify(processOf({ host: 'another-machine', boot: 'b' }))
    for (const owner of [elsewhere, '', '{', 'null']) {
      const layout = tmpLayout()
      leaveLock(layout, owner)
      expect(isTaken(layout, () => Date.now() + 29 * seconds)).toBe(true)
      leaveLock(layout, owner)
      const later = (): number => Date.now() + 31 * seconds
      const release = createMakerLock(layout, later).take('a')
      expect(release).toBeTypeOf('function')
      // Its time is new.
      expect(isTaken(layout, later)).toBe(true)
      release?.()
    }
  })

  it('that a failing disk has left over is nobody’s, in the process that left it', () => {
    const layout = tmpLayout()
    leaveLock(layout, JSON.stringify(identifyProcess()))
    expect(isTaken(layout, Date.now)).toBe(false)
  })

  it('is nobody else to be found where nothing can be written', () => {
    const layout = tmpLayout()
    mkdirSync(join(layout.tmp, '..'), { recursive: true })
    writeFileSync(layout.tmp, 'a file, of all things')
    const lock = createMakerLock(layout, Date.now)
    const releases = [lock.take('a'), lock.take('a')]
    for (const release of releases) expect(() => release?.()).not.toThrow()
    expect(releases).not.toContain(undefined)
    expect(readFileSync(layout.tmp, 'utf8')).toBe('a file, of all things')
  })
})
