import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createSingleFlight } from '../../src/core/single-flight.ts'

/** Work that ends when the test says so, and notes how it was called. */
function createWork<T>() {
  const calls: {
    signal: AbortSignal
    succeed: (value: T) => void
    fail: (error: Error) => void
  }[] = []
  const work = async (signal: AbortSignal): Promise<T> =>
    new Promise<T>((resolve, reject) => calls.push({ signal, succeed: resolve, fail: reject }))
  const call = (index: number) => {
    const found = calls[index]
    if (!found) throw new RangeError(`There was no call ${index}.`)
    return found
  }
  return { work, calls, call }
}

describe('createSingleFlight', () => {
  it('does the work once for all who want it at once', async () => {
    const flights = createSingleFlight<string>()
    const { work, calls, call } = createWork<string>()
    const runs = [1, 2, 3].map(async () => flights.run('key', undefined, work))
    call(0).succeed('done')
    expect(await Promise.all(runs)).toEqual([
      { value: 'done', joined: false },
      { value: 'done', joined: true },
      { value: 'done', joined: true },
    ])
    expect(calls).toHaveLength(1)
  })

  it('keeps keys apart', async () => {
    const flights = createSingleFlight<string>()
    const { work, call } = createWork<string>()
    const runs = ['a', 'b'].map(async (key) => flights.run(key, undefined, work))
    call(1).succeed('b')
    call(0).succeed('a')
    expect(await Promise.all(runs)).toEqual([
      { value: 'a', joined: false },
      { value: 'b', joined: false },
    ])
  })

  it('fails for everybody, and is tried anew by the next', async () => {
    const flights = createSingleFlight<string>()
    const { work, call } = createWork<string>()
    const runs = [1, 2].map(async () => flights.run('key', undefined, work))
    call(0).fail(new Error('broken'))
    for (const run of runs) await expect(run).rejects.toThrow('broken')
    const next = flights.run('key', undefined, work)
    call(1).succeed('mended')
    expect(await next).toEqual({ value: 'mended', joined: false })
  })

  it('remembers nothing that is finished', async () => {
    const flights = createSingleFlight<number>()
    let count = 0
    const work = async (): Promise<number> => ++count
    expect(await flights.run('key', undefined, work)).toEqual({ value: 1, joined: false })
    expect(await flights.run('key', undefined, work)).toEqual({ value: 2, joined: false })
  })

  it('goes on for the others when one leaves, even the one who started it', async () => {
    for (const leaver of [0, 1]) {
      const flights = createSingleFlight<string>()
      const { work, calls, call } = createWork<string>()
      const controllers = [new AbortController(), new AbortController()]
      const runs = controllers.map(async ({ signal }) => flights.run('key', signal, work))
      const reason = new Error('I leave')
      controllers[leaver].abort(reason)
      await expect(runs[leaver]).rejects.toBe(reason)
      expect(call(0).signal.aborted).toBe(false)
      const late = flights.run('key', undefined, work)
      call(0).succeed('done')
      expect(await runs[1 - leaver]).toEqual({ value: 'done', joined: leaver === 0 })
      expect(await late).toEqual({ value: 'done', joined: true })
      expect(calls).toHaveLength(1)
    }
  })

  it('is called off when everybody has left, with the last reason', async () => {
    const flights = createSingleFlight<string>()
    const { work, call } = createWork<string>()
    const first = new AbortController()
    const second = new AbortController()
    const runs = [first, second].map(async ({ signal }) => flights.run('key', signal, work))
    first.abort(new Error('first'))
    await expect(runs[0]).rejects.toThrow('first')
    expect(call(0).signal.aborted).toBe(false)
    second.abort(new Error('second'))
    await new Promise(setImmediate)
    expect(call(0).signal.aborted).toBe(true)
    expect(call(0).signal.reason).toEqual(new Error('second'))
    // What becomes of it, nobody is left to hear of.
    call(0).fail(new Error('called off'))
    await expect(runs[1]).rejects.toThrow('second')
  })

  it('keeps the last one to leave until the work has ended', async () => {
    const flights = createSingleFlight<string>()
    const { work, call } = createWork<string>()
    const controller = new AbortController()
    let left = false
    const leaving = flights.run('key', controller.signal, work).catch(() => (left = true))
    expect(flights.isIdle()).toBe(false)
    controller.abort(new Error('I leave'))
    await new Promise(setImmediate)
    expect([left, flights.isIdle()]).toEqual([false, false])
    call(0).succeed('done')
    await leaving
    expect([left, flights.isIdle()]).toEqual([true, true])
  })

  it('is not called off while somebody stays who cannot leave', async () => {
    const flights = createSingleFlight<string>()
    const { work, call } = createWork<string>()
    const controller = new AbortController()
    const leaving = flights.run('key', controller.signal, work)
    const staying = flights.run('key', undefined, work)
    controller.abort(new Error('I leave'))
    await expect(leaving).rejects.toThrow('I leave')
    expect(call(0).signal.aborted).toBe(false)
    call(0).succeed('done')
    expect(await staying).toEqual({ value: 'done', joined: true })
  })

  it('starts anew for who comes after everybody has left, when the old work has ended', async () => {
    const flights = createSingleFlight<string>()
    const { work, calls, call } = createWork<string>()
    const controller = new AbortController()
    const leaving = flights.run('key', controller.signal, work)
    controller.abort(new Error('I leave'))
    await new Promise(setImmediate)

    const anew = flights.run('key', undefined, work)
    const joining = flights.run('key', undefined, work)
    await new Promise(setImmediate)
    // The old work may have a last step to finish, and nothing may run beside it.
    expect(calls).toHaveLength(1)
    call(0).fail(new Error('called off'))
    await expect(leaving).rejects.toThrow('I leave')
    await new Promise(setImmediate)
    expect(calls).toHaveLength(2)
    expect(call(1).signal.aborted).toBe(false)
    call(1).succeed('done')
    expect(await anew).toEqual({ value: 'done', joined: false })
    expect(await joining).toEqual({ value: 'done', joined: true })
    expect(calls).toHaveLength(2)
  })

  it('starts nothing for who has left before', async () => {
    const flights = createSingleFlight<string>()
    const { work, calls } = createWork<string>()
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(flights.run('key', signal, work)).rejects.toThrow('gone')
    expect(calls).toHaveLength(0)
  })

  it('stops listening to its callers when it is done', async () => {
    const flights = createSingleFlight<string>()
    const { work, call } = createWork<string>()
    const { signal } = new AbortController()
    const runs = [1, 2].map(async () => flights.run('key', signal, work))
    expect(getEventListeners(signal, 'abort')).toHaveLength(2)
    call(0).succeed('done')
    await Promise.all(runs)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})
