import { renameSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import type { Order, Purchased } from '../../src/purchase/order.ts'
import type { Owner } from '../../src/store/attempt.ts'
import { namesIn } from '../helpers/cache.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { makeWebp } from '../helpers/images.ts'
import { processOf } from '../helpers/processes.ts'
import { tmpProject } from '../helpers/project.ts'
import { attemptFolder, describeOwner, openShop } from '../helpers/shop.ts'
import type { Shop } from '../helpers/shop.ts'

/**
 * One task at a time, and its picture is on its way; another picture is to be bought next, and is made ready. A file is made
 * of each to be sent.
 *
 * @param signal of the next one
 */
async function open(signal?: AbortSignal): Promise<{
  emulator: Emulator
  shop: Shop
  /** Somebody else's. */
  other: Shop
  first: Promise<Purchased>
  next: Promise<Purchased>
  /** The next one. */
  order: Order
}> {
  const emulator = await startEmulator({ latency: Number.POSITIVE_INFINITY })
  const project = tmpProject({
    'first.webp': await makeWebp({ width: 200, height: 160 }),
    'next.webp': await makeWebp({ width: 200, height: 161 }),
  })
  const settings = { baseUrl: emulator.url, clock: systemClock }
  const shop = openShop(project, { ...settings, concurrency: 1 })
  const other = openShop(project, { ...settings, self: processOf({ pid: 77, host: 'elsewhere' }) })
  const made = (): string[] => namesIn(shop.layout.tmp)
  const first = shop.buy(shop.order(project.path('first.webp')))
  await emulator.until(() => emulator.tasks.length === 1)
  await expect.poll(made).toEqual([])
  const order = shop.order(project.path('next.webp'))
  const next = shop.buy(order, signal)
  // Whoever expects it to fail looks later.
  next.catch(() => {})
  await expect.poll(() => made().length).toBeGreaterThan(0)
  expect(emulator.tasks).toHaveLength(1)
  return { emulator, shop, other, first, next, order }
}

it('the next picture is made ready while another one is on its way', async () => {
  const { emulator, shop, first, next } = await open()
  emulator.complete()
  await emulator.until(() => emulator.tasks.length === 2)
  emulator.complete()
  expect([(await first).from, (await next).from]).toEqual(['paid', 'paid'])
  expect(namesIn(shop.layout.tmp)).toEqual([])
})

it('what somebody else submits while it waits for its turn is followed, and not bought again', async () => {
  const { emulator, other, first, next, order } = await open()
  const others = other.buy(order)
  await emulator.until(() => emulator.tasks.length === 2)
  emulator.complete()
  expect((await Promise.all([first, others, next])).map(({ from }) => from)).toEqual([
    'paid',
    'paid',
    'resumed',
  ])
  expect(emulator.tasks).toHaveLength(2)
})

it('what somebody else has bought at the second attempt, after which the first was cleared away, is not bought again', async () => {
  const { emulator, shop, other, first, next, order } = await open()
  const others = other.buy(order)
  await emulator.until(() => emulator.tasks.length === 2)
  emulator.complete(emulator.tasks[1]?.id)
  expect((await others).from).toBe('paid')
  renameSync(attemptFolder(shop, order, 1), attemptFolder(shop, order, 2))
  emulator.complete()
  expect([(await first).from, (await next).from]).toEqual(['paid', 'resumed'])
  expect(emulator.tasks).toHaveLength(2)
})

it('what was adopted meanwhile is followed, and not bought', async () => {
  const { emulator, other, first, next, order } = await open()
  const { journal } = other.context
  await journal.writeTask(await journal.open(order.fingerprint), emulator.tasks[0]?.id ?? '')
  emulator.complete()
  expect([(await first).from, (await next).from]).toEqual(['paid', 'resumed'])
  expect(emulator.tasks).toHaveLength(1)
})

it('a picture that was made ready, and is saved anew while another owner is waited for, is not bought', async () => {
  const { emulator, shop, other, first, next, order } = await open()
  const { journal } = other.context
  const attempt = await journal.open(order.fingerprint)
  const { subject } = JSON.parse(await describeOwner(other, order)) as Owner
  const stopHeartbeat = await journal.claim(attempt, subject, new Date())
  emulator.complete()
  await expect.poll(() => shop.warnings.length).toBe(1)
  writeFileSync(order.file, await makeWebp({ width: 200, height: 162 }))
  await journal.abandon(attempt, new Date())
  stopHeartbeat?.()
  await expect(next).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  expect((await first).from).toBe('paid')
  expect(emulator.tasks).toHaveLength(1)
})

it('what was made of a picture that nobody wants any more is removed', async () => {
  const controller = new AbortController()
  const { emulator, shop, first, next } = await open(controller.signal)
  controller.abort(new Error('enough'))
  emulator.complete()
  await expect(next).rejects.toThrow('enough')
  expect((await first).from).toBe('paid')
  expect(namesIn(shop.layout.tmp)).toEqual([])
  expect(emulator.tasks).toHaveLength(1)
})
