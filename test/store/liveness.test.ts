import { describe, expect, it } from 'vitest'
import { hasEnded, identifyProcess, watchOwner } from '../../src/store/liveness.ts'
import { processOf, spawnEnded, spawnSleeper } from '../helpers/processes.ts'

const minute = 60_000
/** Nothing is known of the process itself. */
const unknown = (): boolean => false

describe('identifyProcess', () => {
  it('says which process this is, the same every time', () => {
    const self = identifyProcess()
    expect(self).toEqual({
      pid: process.pid,
      started: expect.any(String) as string,
      boot: expect.any(String) as string,
      namespace: expect.any(String) as string,
      host: expect.stringMatching(/./) as string,
    })
    expect(identifyProcess()).toEqual(self)
  })

  it.runIf(process.platform === 'linux')('tells apart what only a kernel can', () => {
    const { started, boot, namespace } = identifyProcess()
    expect(started).toMatch(/^\d+$/)
    expect(boot).toMatch(/^[\da-f-]{36}$/)
    expect(namespace).toMatch(/^pid:\[\d+\]$/)
  })
})

describe('hasEnded', () => {
  it('is not said of this process', () => {
    expect(hasEnded(identifyProcess())).toBe(false)
  })

  it('is said of a process as soon as it is gone, and not before', async () => {
    const sleeper = await spawnSleeper()
    expect(hasEnded(sleeper)).toBe(false)
    await sleeper.kill()
    expect(hasEnded(sleeper)).toBe(true)
  })

  it('is said of a process that ended by itself', () => {
    expect(hasEnded(spawnEnded())).toBe(true)
  })

  it.runIf(process.platform === 'linux')(
    'is said of one whose number another process has now',
    () => {
      expect(hasEnded(processOf({ started: '1' }))).toBe(true)
    },
  )

  it('is not said where the start is unknown: the number is all there is', () => {
    expect(hasEnded(processOf({ started: '' }))).toBe(false)
  })

  it.each([
    ['on another machine', { host: 'elsewhere' }],
    ['in another container', { namespace: 'pid:[1]' }],
    ['of another boot', { boot: '00000000-0000-0000-0000-000000000000' }],
    ['of a place that is not known', { boot: '', namespace: '' }],
  ])('is not known of a process %s, whether its number is there or not', (_, place) => {
    expect(hasEnded({ ...spawnEnded(), ...place })).toBe(false)
    expect(hasEnded(processOf({ ...place, started: '1' }))).toBe(false)
  })

  it('is known from within the same place, wherever that is', () => {
    const place = { host: 'elsewhere', namespace: '', boot: '' }
    expect(hasEnded({ ...spawnEnded(), ...place }, processOf(place))).toBe(true)
  })

  it.each([0, -1, Number.NaN, undefined as unknown as number])(
    'is not said of what is no process number, and nobody is signalled: %s',
    (pid) => {
      expect(hasEnded(processOf({ pid }))).toBe(false)
    },
  )

  it('is not said of a process that may not be signalled', () => {
    // The first process is not ours, unless we are root.
    expect(hasEnded(processOf({ pid: 1, started: '' }))).toBe(false)
  })
})

describe('watchOwner', () => {
  const owner = processOf({ host: 'elsewhere' })
  const start = Date.UTC(2026, 0, 1)

  it('finds an owner alive whose heartbeat changes, for however long', () => {
    const watch = watchOwner(1)
    for (let now = start; now < start + 120 * minute; now += 59_000) {
      expect(watch.isDead(owner, now - 3000, now)).toBe(false)
    }
  })

  it('finds an owner alive whose heartbeat changes by whichever clock', () => {
    for (const offset of [-50 * minute, 24 * 60 * minute]) {
      const watch = watchOwner(1)
      for (let now = start; now < start + 10 * minute; now += 59_000) {
        expect(watch.isDead(owner, now + offset, now)).toBe(false)
      }
    }
  })

  it('finds an owner dead whose heartbeat stands still for a minute, from when it is first seen', () => {
    const watch = watchOwner(1)
    const beat = start - 30 * minute
    expect(watch.isDead(owner, beat, start)).toBe(false)
    expect(watch.isDead(owner, beat, start + minute - 1)).toBe(false)
    expect(watch.isDead(owner, beat, start + minute)).toBe(true)
  })

  it('counts anew from each beat', () => {
    const watch = watchOwner(1)
    expect(watch.isDead(owner, start, start)).toBe(false)
    expect(watch.isDead(owner, start + 1, start + minute - 1)).toBe(false)
    expect(watch.isDead(owner, start + 1, start + 2 * minute - 2)).toBe(false)
    expect(watch.isDead(owner, start + 1, start + 2 * minute - 1)).toBe(true)
  })

  it('is as patient with an owner that nobody can read', () => {
    const watch = watchOwner(1)
    expect(watch.isDead(undefined, start, start)).toBe(false)
    expect(watch.isDead(undefined, start, start + minute - 1)).toBe(false)
    expect(watch.isDead(undefined, start, start + minute)).toBe(true)
  })

  it.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 4],
    [5, 4],
    [2000, 4],
  ])('is patient with attempt %i for %i minutes', (attempt, minutes) => {
    const watch = watchOwner(attempt)
    expect(watch.isDead(owner, start, start)).toBe(false)
    expect(watch.isDead(owner, start, start + minutes * minute - 1)).toBe(false)
    expect(watch.isDead(owner, start, start + minutes * minute)).toBe(true)
  })

  it('does not wait where the owner is known to have ended', () => {
    const isEnded = watchOwner(5, (who) => who === owner)
    expect(isEnded.isDead(owner, start, start)).toBe(true)
    expect(watchOwner(5, unknown).isDead(owner, start, start)).toBe(false)
    expect(watchOwner(5).isDead(spawnEnded(), start, start)).toBe(true)
  })

  it('does not wait where the heartbeat is older than an hour, or was never there', () => {
    expect(watchOwner(9).isDead(owner, start - 60 * minute, start)).toBe(false)
    expect(watchOwner(9).isDead(owner, start - 60 * minute - 1, start)).toBe(true)
    expect(watchOwner(9).isDead(undefined, 0, start)).toBe(true)
  })
})
