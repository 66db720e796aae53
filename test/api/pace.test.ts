import { describe, expect, it } from 'vitest'
import { createPace } from '../../src/api/pace.ts'
import type { Pace, PacedAnswer } from '../../src/api/pace.ts'
import { virtualClock } from '../helpers/clock.ts'
import type { VirtualClock } from '../helpers/clock.ts'

const minute = 60_000

function answer(status: number, retryAfter?: string, body = ''): PacedAnswer {
  return { status, retryAfter, body }
}

function open(rate: number): { clock: VirtualClock; pace: Pace; begin: number } {
  const clock = virtualClock()
  return { clock, pace: createPace(rate, clock), begin: clock.now() }
}

/** When calls go that are all made at once, ms from now. */
async function send(clock: VirtualClock, pace: Pace, count: number): Promise<number[]> {
  const begin = clock.now()
  const calls = Promise.all(Array.from({ length: count }, async () => pace.enter()))
  return (await clock.run(calls)).map((at) => at - begin)
}

/** The most calls within so many ms. */
function mostWithin(times: readonly number[], span: number): number {
  return Math.max(
    ...times.map((from) => times.filter((at) => at >= from && at < from + span).length),
  )
}

describe('the ceiling', () => {
  it.each([1, 2, 7, 60, 300])('of %i calls holds in every minute, and is used', async (rate) => {
    const { clock, pace } = open(rate)
    const times = await send(clock, pace, rate * 5)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(mostWithin(times, minute)).toBeLessThanOrEqual(rate)
    // A minute's last call comes as the first one of the next minute may.
    expect(times.at(-1)).toBeLessThanOrEqual(5 * minute * (1 + 1 / rate))
  })

  it('lets what a few tasks need go at once, and no crowd', async () => {
    const { clock, pace } = open(300)
    const times = await send(clock, pace, 300)
    expect(times.slice(0, 16)).toEqual(Array.from({ length: 16 }, () => 0))
    expect(mostWithin(times, 1000)).toBeLessThanOrEqual(30)
    expect(mostWithin(times, 5000)).toBeLessThanOrEqual(150)
  })

  it('never holds up what stays below it', async () => {
    const { clock, pace, begin } = open(300)
    for (let call = 0; call < 400; call++) {
      const from = clock.now()
      expect(await clock.run(pace.enter())).toBe(from)
      await clock.run(clock.sleep(400))
    }
    expect(clock.now() - begin).toBe(400 * 400)
  })

  it('is the lowest of all that were asked for', async () => {
    const { clock, pace } = open(300)
    pace.lower(60)
    pace.lower(120)
    expect(pace.rate).toBe(60)
    const most = mostWithin(await send(clock, pace, 200), minute)
    expect(most).toBeGreaterThan(55)
    expect(most).toBeLessThanOrEqual(60)
  })
})

describe('a 429', () => {
  it('halves the rate, which comes back within minutes', async () => {
    const { clock, pace } = open(300)
    pace.note(answer(429), (await clock.run(pace.enter())) + 1)
    expect(pace.rate).toBe(150)
    const times = await send(clock, pace, 100)
    // Evenly: no burst of those who waited.
    expect(mostWithin(times, 1000)).toBeLessThanOrEqual(4)
    await clock.run(clock.sleep(2 * minute))
    expect(pace.rate).toBe(300)
  })

  it('counts once for calls that went before the last one was heard of', async () => {
    const { clock, pace } = open(300)
    const entered = await clock.run(Promise.all([pace.enter(), pace.enter(), pace.enter()]))
    await clock.run(clock.sleep(100))
    for (const at of entered) pace.note(answer(429), at)
    expect(pace.rate).toBe(150)
    pace.note(answer(429), await clock.run(pace.enter()))
    expect(pace.rate).toBeCloseTo(75, -1)
  })

  it('never brings it below a sixteenth', async () => {
    const { clock, pace } = open(320)
    for (let times = 0; times < 20; times++) {
      pace.note(answer(429), (await clock.run(pace.enter())) + 1)
    }
    expect(pace.rate).toBe(20)
    expect((await send(clock, pace, 2))[1]).toBeLessThanOrEqual(3000 * 2)
  })

  it('by a used-up free trial says nothing about the pace', async () => {
    const { clock, pace } = open(300)
    const body = '{"message":"You have reached the limit of the free trial usage"}'
    pace.note(answer(429, '60', body), await clock.run(pace.enter()))
    expect(pace.rate).toBe(300)
    expect(pace.readyAt()).toBe(clock.now())
  })
})

describe('Retry-After', () => {
  it.each([429, 503])('with %i stops everybody, for as long as it says', async (status) => {
    const { clock, pace } = open(300)
    pace.note(answer(status, '30'), await clock.run(pace.enter()))
    expect(pace.readyAt()).toBe(clock.now() + 30_000)
    const times = await send(clock, pace, 3)
    expect(times[0]).toBe(30_000)
  })

  it('is read as a date, and believed for five minutes at most', async () => {
    const { clock, pace, begin } = open(300)
    pace.note(answer(429, new Date(begin + 20_000).toUTCString()), begin)
    expect(pace.readyAt()).toBe(begin + 20_000)
    pace.note(answer(503, '86400'), begin)
    expect(pace.readyAt()).toBe(begin + 5 * minute)
    expect(await clock.run(pace.enter())).toBe(begin + 5 * minute)
  })

  it.each([200, 401, 404, 500, 502])('with %i is none of the pace', (status) => {
    const { clock, pace } = open(300)
    pace.note(answer(status, '30'), clock.now())
    expect(pace.readyAt()).toBe(clock.now())
    expect(pace.rate).toBe(300)
  })

  it('that is shorter than one before does not cut it short', () => {
    const { clock, pace } = open(300)
    pace.note(answer(429, '30'), clock.now())
    pace.note(answer(429, '1'), clock.now())
    expect(pace.readyAt()).toBe(clock.now() + 30_000)
  })
})

describe('whoever leaves', () => {
  it('leaves at once, and takes nobody’s turn', async () => {
    const { clock, pace, begin } = open(60)
    pace.note(answer(429, '60'), begin)
    const reason = new Error('The build ended.')
    const controllers = [new AbortController(), new AbortController()]
    const [first, second] = controllers.map(async ({ signal }) =>
      pace.enter(signal).catch((error: unknown) => error),
    )
    const third = pace.enter()
    for (const controller of controllers) controller.abort(reason)
    expect(await second).toBe(reason)
    expect(await first).toBe(reason)
    expect(clock.now()).toBe(begin)
    expect(await clock.run(third)).toBe(begin + 60_000)
  })
})
