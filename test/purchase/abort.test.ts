import { describe, expect, it } from 'vitest'
import { namesIn } from '../helpers/cache.ts'
import { simulateClock } from '../helpers/clock.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import {
  abandoned,
  attemptFolder,
  openShop,
  pictureProject,
  readAttempts,
} from '../helpers/shop.ts'

describe('an abort', () => {
  const reason = new Error('The build is over.')

  it('before anything is sent buys nothing', async () => {
    const emulator = await startEmulator()
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(emulator.calls).toHaveLength(0)
  })

  it('while the picture is on its way buys nothing, and the next build buys it', async () => {
    const controller = new AbortController()
    const emulator = await startEmulator({
      faults: [{ route: 'submit', when: () => Boolean(controller.abort(reason)), times: 1 }],
    })
    const project = tmpProject({ 'hero.png': await makePng({ width: 1000, height: 1000 }) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
    await emulator.until(() => emulator.calls.every(({ over }) => over))
    expect(emulator.tasks).toHaveLength(0)
    expect(readAttempts(shop, order)).toEqual({ '0001': abandoned })
    await openShop(project, { baseUrl: emulator.url }).buy(order)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('after the last byte still waits for the answer, so that the task is not lost', async () => {
    const controller = new AbortController()
    const emulator = await startEmulator({
      latency: () => {
        controller.abort(reason)
        return 0
      },
    })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
    expect(namesIn(attemptFolder(shop, order))).toEqual(['decided', 'owner', 'response', 'task'])
    const { from } = await openShop(project, { baseUrl: emulator.url }).buy(order)
    expect(from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it.each(['status', 'download'] as const)(
    'while the answer to a %s call is awaited leaves the task for the next build',
    async (route) => {
      const controller = new AbortController()
      const emulator = await startEmulator({ faults: [{ route, hang: true, times: 1 }] })
      const project = await pictureProject()
      const shop = openShop(project, { baseUrl: emulator.url })
      const order = shop.order(project.path('hero.png'))
      const buying = expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
      await emulator.until(() => emulator.calls.at(-1)?.route === route)
      controller.abort(reason)
      await buying
      expect(namesIn(shop.layout.tmp)).toEqual([])
      const { from } = await openShop(project, { baseUrl: emulator.url }).buy(order)
      expect(from).toBe('resumed')
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it('while it waits to try again buys nothing', async () => {
    const controller = new AbortController()
    const clock = simulateClock({ onSleep: () => controller.abort(reason) })
    const emulator = await startEmulator({ faults: [{ route: 'submit', status: 503 }] })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url, clock })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(0)
  })
})
