import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sha256 } from '../../src/core/fingerprint.ts'
import { createSingleFlight } from '../../src/core/single-flight.ts'
import type { Shared } from '../../src/shared.ts'
import { createLayout } from '../../src/store/layout.ts'
import type { Layout } from '../../src/store/layout.ts'
import { createMemo } from '../../src/store/memo.ts'
import { computeVariantKey, createVariantStore } from '../../src/store/variants.ts'
import { createVariantMaker } from '../../src/derive/variant-maker.ts'
import type { VariantMaker, WriteVariant } from '../../src/derive/variant-maker.ts'
import { namesIn, tmpLayout } from '../helpers/cache.ts'
import { simulateClock } from '../helpers/clock.ts'
import { spawnSleeper } from '../helpers/processes.ts'

const key = computeVariantKey('a', { format: 'png' })
const wish = {
  key,
  name: 'hero.png',
  format: 'png' as const,
  limit: async <T>(work: () => Promise<T>): Promise<T> => work(),
}
const size = { bytes: 5, width: 1, height: 1 }

/** Makes, and counts how often. */
function createWriter(): { write: WriteVariant; count: () => number } {
  let count = 0
  const write: WriteVariant = async (tmp) => {
    count++
    await writeFile(tmp, 'image')
    return { ...size, source: size }
  }
  return { write, count: () => count }
}

/** The maker of a process that finds the clock to be `startAt`, or now. */
function openMaker(layout: Layout, onSleep?: (ms: number, index: number) => unknown): VariantMaker {
  const memo = createMemo(layout)
  const shared = { layout, derivations: createSingleFlight<string>() } as unknown as Shared
  const spare = createLayout(`${layout.dir}-spare`)
  const clock = simulateClock({ startAt: Date.now(), onSleep })
  return createVariantMaker(shared, spare, createVariantStore(layout, memo), clock, () => {})
}

function lockOf(layout: Layout): string {
  const path = createVariantStore(layout, createMemo(layout)).path(key, wish.name)
  return join(layout.tmp, `making-${sha256(path)}`)
}

it('makes once what is asked for many times at once, and leaves no lock behind', async () => {
  const layout = tmpLayout()
  const make = openMaker(layout)
  const { write, count } = createWriter()
  const files = await Promise.all(Array.from({ length: 5 }, async () => make(wish, write)))
  expect(new Set(files).size).toBe(1)
  expect(existsSync(files[0] ?? '')).toBe(true)
  expect(count()).toBe(1)
  expect(namesIn(layout.tmp)).toEqual([])
})

it('waits while another process makes it, and takes what that has made', async () => {
  const layout = tmpLayout()
  const other = await spawnSleeper()
  mkdirSync(layout.tmp, { recursive: true })
  writeFileSync(lockOf(layout), JSON.stringify(other))
  const { write, count } = createWriter()
  const theirs = createWriter()
  const make = openMaker(layout, async (_, index) => {
    if (index !== 3) return
    const store = createVariantStore(layout, createMemo(layout))
    const info = { format: 'png', source: size, ...size } as const
    await store.put(key, wish.name, async (tmp) => ({ ...info, ...(await theirs.write(tmp)) }))
    rmSync(lockOf(layout))
  })
  expect(existsSync(await make(wish, write))).toBe(true)
  expect([count(), theirs.count()]).toEqual([0, 1])
})

it('makes it when the other process ends without having made it', async () => {
  const layout = tmpLayout()
  const other = await spawnSleeper()
  mkdirSync(layout.tmp, { recursive: true })
  writeFileSync(lockOf(layout), JSON.stringify(other))
  const { write, count } = createWriter()
  const make = openMaker(layout, async (_, index) => (index === 2 ? other.kill() : undefined))
  expect(existsSync(await make(wish, write))).toBe(true)
  expect(count()).toBe(1)
  expect(namesIn(layout.tmp)).toEqual([])
})

it('stops waiting for another process when nobody wants it any more', async () => {
  const layout = tmpLayout()
  mkdirSync(layout.tmp, { recursive: true })
  writeFileSync(lockOf(layout), JSON.stringify(await spawnSleeper()))
  const { write, count } = createWriter()
  const controller = new AbortController()
  const make = openMaker(layout, (_, index) => {
    if (index === 2) controller.abort(new Error('gone'))
  })
  await expect(make({ ...wish, signal: controller.signal }, write)).rejects.toThrow('gone')
  expect(count()).toBe(0)
})

it('gives the lock back where writing fails, and makes it the next time', async () => {
  const layout = tmpLayout()
  const make = openMaker(layout)
  const { write, count } = createWriter()
  const fail: WriteVariant = async () => {
    throw new Error('no more memory')
  }
  await expect(make(wish, fail)).rejects.toThrow('no more memory')
  expect(namesIn(layout.tmp)).toEqual([])
  expect(existsSync(await make(wish, write))).toBe(true)
  expect(count()).toBe(1)
})
