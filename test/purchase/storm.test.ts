import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/emulator/index.ts'
import { simulateClock } from '../helpers/clock.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { openShop } from '../helpers/shop.ts'
import { seededRandom } from '../helpers/simulated-api.ts'

const pictures = 10

/** Every call to the API is answered 429 with a probability. */
function storm(probability: number, rest: { retryAfter?: number | { date: number } }): Fault[] {
  const random = seededRandom(7)
  const when = (): boolean => random() < probability
  return (['submit', 'status', 'list'] as const).map((route) => ({
    route,
    status: 429,
    when,
    ...rest,
  }))
}

describe('a storm of 429', () => {
  it.each([
    ['without Retry-After', 0.5, {}],
    ['with seconds', 0.5, { retryAfter: 3 }],
    ['with dates', 0.5, { retryAfter: { date: 20 } }],
    ['that lets hardly anything through', 0.85, {}],
  ])('%s ends with everything done, and paid for once', async (_, probability, rest) => {
    const clock = simulateClock()
    const emulator = await startEmulator({ now: clock.now, faults: storm(probability, rest) })
    const project = tmpProject()
    for (let seed = 0; seed < pictures; seed++) {
      project.write(`${seed}.png`, await makePng({ width: 200, height: 160, seed }))
    }
    const settings = { ratePerMinute: 300, concurrency: 4, deadline: 24 * 3_600_000 }
    const shop = openShop(project, { baseUrl: emulator.url, clock, ...settings })
    const bought = await Promise.all(
      Array.from({ length: pictures }, async (__, seed) =>
        shop.buy(shop.order(project.path(`${seed}.png`))),
      ),
    )
    expect(bought.map(({ from }) => from)).toEqual(Array.from({ length: pictures }, () => 'paid'))
    expect(emulator.tasks).toHaveLength(pictures)
    expect(postsTo(emulator)).toBeGreaterThan(pictures)
  })

  it('that asks to come back stops everybody: nothing is sent before', async () => {
    const clock = simulateClock()
    const emulator = await startEmulator({
      now: clock.now,
      faults: [{ route: 'submit', status: 429, times: 1, retryAfter: 120 }],
    })
    const project = tmpProject()
    for (let seed = 0; seed < 3; seed++) {
      project.write(`${seed}.png`, await makePng({ width: 200, height: 160, seed }))
    }
    const shop = openShop(project, {
      baseUrl: emulator.url,
      clock,
      ratePerMinute: 300,
      concurrency: 1,
    })
    await Promise.all(
      [0, 1, 2].map(async (seed) => shop.buy(shop.order(project.path(`${seed}.png`)))),
    )
    const [refused, ...later] = emulator.calls.filter(({ route }) => route === 'submit')
    const next = Math.min(...later.map(({ at }) => at))
    expect(next - (refused?.at ?? 0)).toBeGreaterThanOrEqual(120_000)
    expect(emulator.tasks).toHaveLength(3)
  })

  it('by a used-up free trial ends the build at the first answer', async () => {
    const body = { message: 'You have reached the limit of the free trial usage.' }
    const emulator = await startEmulator({ faults: [{ route: 'submit', status: 429, body }] })
    const project = tmpProject({ 'hero.png': await makePng({ width: 200, height: 160 }) })
    const shop = openShop(project, { baseUrl: emulator.url, ratePerMinute: 300 })
    await expect(shop.buy(shop.order(project.path('hero.png')))).rejects.toThrow('free trial')
    expect(postsTo(emulator)).toBe(1)
  })
})
