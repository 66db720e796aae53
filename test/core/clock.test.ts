import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'

describe('systemClock', () => {
  it('tells the time', () => {
    const before = Date.now()
    const now = systemClock.now()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
  })

  it("stops sleeping when it is told to, with the signal's reason", async () => {
    const controller = new AbortController()
    const sleeping = systemClock.sleep(1e9, controller.signal)
    const reason = new Error('wake up')
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(systemClock.sleep(1e9, controller.signal)).rejects.toBe(reason)
  })

  it('wakes up by itself', async () => {
    await expect(systemClock.sleep(1)).resolves.toBeUndefined()
  })
})
