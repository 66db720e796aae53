import { generateKeyPairSync } from 'node:crypto'
import KeyvRedis from '@keyv/redis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RemoteOption } from '../../src/core/remote-option.ts'
import { createBackground } from '../../src/store/remote/background.ts'
import { DamagedError, RemoteError } from '../../src/store/remote/errors.ts'
import { createGuardedPort } from '../../src/store/remote/guarded-port.ts'
import type { GuardedPort } from '../../src/store/remote/guarded-port.ts'
import type { RemotePort } from '../../src/store/remote/port.ts'
import { openPort } from '../../src/store/remote/open-port.ts'
import { createRemote } from '../../src/store/remote/remote.ts'
import type { Remote } from '../../src/store/remote/remote.ts'
import { createSeal, SignatureError } from '../../src/store/remote/seal.ts'
import { errorOf } from '../helpers/errors.ts'
import { createMemoryStore } from '../helpers/memory-store.ts'
import type { MemoryStore } from '../helpers/memory-store.ts'

const never = async (): Promise<never> => new Promise(() => {})

describe('createGuardedPort', () => {
  interface Guarded {
    guarded: GuardedPort
    warnings: string[]
    /** ms since 1970 */
    time: { now: number }
    asked: () => number
    /** One call that goes well or not. */
    call(work?: () => Promise<string>): Promise<string>
    state: { opened: number; closed: number }
  }

  function guard(open?: (port: RemotePort) => Promise<RemotePort>, canReopen = true): Guarded {
    const warnings: string[] = []
    const time = { now: 1e12 }
    const state = { opened: 0, closed: 0 }
    let asked = 0
    const port: RemotePort = {
      name: 'redis://cache.example',
      get: never,
      set: never,
      claims: undefined,
      findWeakness: async () => undefined,
      canReopen,
      close: async () => void state.closed++,
    }
    const guarded = createGuardedPort({
      name: 'cache.remote',
      open: async () => {
        state.opened++
        return open ? open(port) : port
      },
      warn: (message) => warnings.push(message),
      now: () => time.now,
    })
    const call: Guarded['call'] = async (work = async () => 'well') =>
      guarded.call(20, async () => {
        asked++
        return work()
      })
    return { guarded, warnings, time, asked: () => asked, call, state }
  }
  const fail = async (): Promise<never> => {
    throw new Error('ECONNRESET\nand more')
  }

  it('gives up what takes too long, and says so once', async () => {
    const { call, warnings } = guard()
    const errors = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async () => errorOf(async () => call(never))),
    )
    for (const error of errors) {
      expect(error).toBeInstanceOf(RemoteError)
      expect(error.code).toBe('REMOTE_FAILED')
      expect(error.message).toContain('redis://cache.example')
      expect(error.message).toContain('no answer within 20 ms')
    }
    expect(warnings).toEqual([
      'The shared cache (redis://cache.example) cannot be used: no answer within 20 ms. What is here is used; what is not here is not bought, since it may be there.',
    ])
  })

  it('asks once more where a connection broke, and says nothing', async () => {
    const { call, asked, warnings } = guard()
    const answers = [fail, async () => 'well']
    expect(await call(async () => (answers.shift() ?? fail)())).toBe('well')
    expect(asked()).toBe(2)
    expect(warnings).toEqual([])
  })

  it('asks nothing for 30 s after three failures in a row, and then again', async () => {
    const { call, time, asked, warnings } = guard()
    for (let index = 0; index < 3; index++) await errorOf(async () => call(fail))
    // Each of them once more, over another connection.
    expect(asked()).toBe(6)
    time.now += 29_999
    expect((await errorOf(async () => call())).message).toContain('ECONNRESET')
    expect(asked()).toBe(6)
    time.now += 1
    expect(await call()).toBe('well')
    await errorOf(async () => call(fail))
    await errorOf(async () => call(fail))
    expect(await call()).toBe('well')
    expect(asked()).toBe(12)
    expect(warnings).toHaveLength(1)
  })

  it('takes one more failure for reason enough to ask nothing once more', async () => {
    const { call, time, asked } = guard()
    for (let index = 0; index < 3; index++) await errorOf(async () => call(fail))
    time.now += 30_000
    await errorOf(async () => call(fail))
    await errorOf(async () => call())
    expect(asked()).toBe(8)
  })

  it('takes a connection that breaks under many calls for one failure', async () => {
    const { guarded, call } = guard()
    let asked = 0
    let breakOff = (): void => {}
    const broken = new Promise<never>((_, reject) => {
      breakOff = () => reject(new Error('closed'))
    })
    const wait = async (): Promise<never> => {
      asked++
      return broken
    }
    const calls = [1, 2, 3, 4].map(async () => errorOf(async () => guarded.call(10_000, wait)))
    await expect.poll(() => asked).toBe(4)
    breakOff()
    await Promise.all(calls)
    expect(await call()).toBe('well')
  })

  it('counts what a call brought and nobody can use as a failure', async () => {
    const { guarded, call, asked } = guard()
    for (let index = 0; index < 3; index++) guarded.fail('it forgets')
    expect((await errorOf(async () => call())).message).toContain('it forgets')
    expect(asked()).toBe(0)
  })

  it('opens anew what could not be opened, and what rested', async () => {
    let isDead = true
    const { guarded, call, state } = guard(async (port) => {
      if (isDead) throw new Error('nobody there')
      return port
    })
    await errorOf(async () => call())
    isDead = false
    await call()
    await guarded.rest()
    expect(state).toEqual({ opened: 3, closed: 1 })
    await call()
    await guarded.rest()
    expect(state).toEqual({ opened: 4, closed: 2 })
  })

  it('is told which stores can be made anew: not an object that is none of ours', async () => {
    const { remote } = createMemoryStore()
    const root = import.meta.dirname
    const stores: [RemoteOption, boolean][] = [
      [remote, false],
      [new Map(), false],
      [(): typeof remote => remote, true],
      [new KeyvRedis('redis://127.0.0.1:1'), true],
      ['redis://127.0.0.1:1', true],
    ]
    for (const [store, canReopen] of stores) {
      const port = await openPort(store, { root })
      expect(port.canReopen).toBe(canReopen)
      await port.close().catch(() => {})
    }
  })

  it('makes no other connection for what was given up', async () => {
    let breakOff = (): void => {}
    const broken = new Promise<never>((_, reject) => {
      breakOff = () => reject(new Error('closed'))
    })
    const { guarded, call, state } = guard(async (port) =>
      Promise.resolve({ ...port, close: async () => Promise.resolve(breakOff()) }),
    )
    await errorOf(async () => call(async () => broken))
    await guarded.rest()
    await new Promise((resolve) => setImmediate(resolve))
    expect(state).toEqual({ opened: 1, closed: 0 })
  })

  it.each([
    ['is ended while nobody uses it', true, 1],
    [
      'stays while a task is waited for where it cannot be made anew, and is ended at last',
      false,
      0,
    ],
  ])('a connection %s', async (_, canReopen, closedMeanwhile) => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let isGone = false
    const { guarded, call, state } = guard(
      async (port) => ({
        ...port,
        get: async () => {
          if (isGone) throw new Error('it was disconnected')
          return 'text'
        },
        close: async () => {
          isGone = !canReopen
          await port.close()
        },
      }),
      canReopen,
    )
    await call()
    await vi.advanceTimersByTimeAsync(5 * 60_000)
    expect(state.closed).toBe(closedMeanwhile)
    const read = async (): Promise<string | undefined> =>
      guarded.call(20, async ({ get }) => get('key'))
    expect(await read()).toBe('text')
    await guarded.rest()
    expect(state).toEqual({ opened: 1 + closedMeanwhile, closed: 1 + closedMeanwhile })
  })

  it.each([
    ['opened', never],
    [
      'closed',
      async (port: RemotePort): Promise<RemotePort> => Promise.resolve({ ...port, close: never }),
    ],
  ])('waits for nothing that is never %s', async (_, open) => {
    const { guarded, call } = guard(open)
    await call().catch(() => {})
    await guarded.rest()
  })
})

describe('createBackground', () => {
  const refuse = (): never => {
    throw new RemoteError('redis://cache.example', 'gone')
  }

  it('tries again while the store fails, and tells nothing once it is done', async () => {
    const warnings: string[] = []
    const { start, flush } = createBackground(
      () => 'x',
      (text) => warnings.push(text),
      Date.now,
    )
    let tries = 0
    start('hero.png', async () => {
      if (++tries < 2) refuse()
    })
    await flush()
    expect(tries).toBe(2)
    expect(warnings).toEqual([])
  })

  it('tells of all that was not done in one line', async () => {
    const warnings: string[] = []
    let now = 0
    const { start, flush } = createBackground(
      () => 'redis://cache.example',
      (text) => warnings.push(text),
      // An hour passes whenever somebody looks.
      () => (now += 3_600_000),
    )
    for (const name of ['one.png', 'two.png', 'three.png']) start(name, async () => refuse())
    await flush()
    expect(warnings).toEqual([
      'Not all that is known here is in the shared cache (redis://cache.example): one.png and 2 more (gone). Run `npx magnific push` when it can be used again, so that no other machine buys it.',
    ])
    await flush()
    expect(warnings).toHaveLength(1)
  })

  it('does not wait longer for what begins when the first of two who wait is done', async () => {
    let now = 0
    let tries = 0
    const { start, flush } = createBackground(
      () => 'x',
      () => {
        // The first one is told, and the second one still waits.
        if (tries > 0) return
        start('later.png', async () => {
          tries++
          refuse()
        })
      },
      // Ten seconds pass whenever somebody looks.
      () => (now += 10_000),
    )
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    start('hero.png', async () => {
      await held
      throw new Error('EIO')
    })
    const waiting = [flush(), flush()]
    release()
    await Promise.all(waiting)
    expect(tries).toBe(1)
  })

  it('does not try again what fails for another reason', async () => {
    const warnings: string[] = []
    const { start, flush } = createBackground(
      () => 'x',
      (text) => warnings.push(text),
      Date.now,
    )
    let tries = 0
    start('hero.png', async () => {
      tries++
      throw new Error('EIO')
    })
    await flush()
    expect(tries).toBe(1)
    expect(warnings[0]).toContain('hero.png (EIO)')
  })
})

describe('createRemote', () => {
  function open(store: MemoryStore, timeout = 2000): { remote: Remote; warnings: string[] } {
    const warnings: string[] = []
    const remote = createRemote({
      remote: store.remote,
      claim: store.claim,
      readOnly: false,
      timeout,
      root: import.meta.dirname,
      name: 'cache.remote',
      warn: (message) => warnings.push(message),
    })
    return { remote, warnings }
  }
  const canary = 'magnific:v1/canary'

  it('proves a store by what was written to it', async () => {
    const store = createMemoryStore()
    await open(store).remote.prove()
    expect(store.values.get(canary)).toContain('\nunplugin-magnific')
    const { length } = store.calls
    await open(store).remote.prove()
    expect(store.calls.slice(length).map(({ kind }) => kind)).toEqual(['get'])
  })

  it('is not content with a store that forgets, answers for other keys, or cuts off', async () => {
    const forgets = createMemoryStore()
    forgets.onCall = (): void => forgets.values.clear()
    const mixes = createMemoryStore()
    await open(mixes).remote.write('v1/else', 'something')
    mixes.onCall = (): void => {
      mixes.values.set(canary, mixes.values.get('magnific:v1/else') ?? '')
    }
    const cuts = createMemoryStore()
    cuts.onCall = (): void => {
      cuts.values.set(canary, (cuts.values.get(canary) ?? '').slice(0, -1))
    }
    for (const store of [forgets, mixes, cuts]) {
      const error = await errorOf(async () => open(store).remote.prove())
      expect(error).toBeInstanceOf(RemoteError)
    }
  })

  it('says once of a store that it is empty: it may have lost what it held', async () => {
    const store = createMemoryStore()
    const first = open(store)
    await first.remote.prove()
    await first.remote.prove()
    expect(first.warnings).toEqual([
      expect.stringContaining('is empty: this is its first use, or it has lost what it held'),
    ])
    const second = open(store)
    await second.remote.prove()
    expect(second.warnings).toEqual([])
  })

  it('writes anew what says nothing, once it is well', async () => {
    const store = createMemoryStore()
    await open(store).remote.prove()
    const right = store.values.get(canary) ?? ''
    store.values.set(canary, right.slice(0, -1))
    const { remote, warnings } = open(store)
    await remote.prove()
    expect(store.values.get(canary)).toBe(right)
    expect(warnings).toEqual([])
  })

  it('creates a text once, whoever asks', async () => {
    const store = createMemoryStore()
    const machines = Array.from({ length: 8 }, () => open(store).remote)
    const created = await Promise.all(
      machines.map(async (each, index) => each.create('v1/one', `of ${index}`)),
    )
    expect(created.filter(Boolean)).toHaveLength(1)
    const read = await Promise.all(machines.map(async (each) => each.readCreated('v1/one')))
    expect(new Set(read)).toEqual(new Set([`of ${created.indexOf(true)}`]))
  })

  it('takes a store that does not answer for unknown, and never for empty', async () => {
    const store = createMemoryStore()
    const { remote, warnings } = open(store, 20)
    await remote.write('v1/key', 'text')
    store.onCall = never
    const works = [
      async () => remote.read('v1/key'),
      async () => remote.readPiece('v1/key'),
      async () => remote.readCreated('v1/other'),
      async () => remote.create('v1/other', 'text'),
      async () => remote.prove(),
      async () => remote.write('v1/key', 'text'),
    ]
    for (const work of works) expect(await errorOf(work)).toBeInstanceOf(RemoteError)
    expect(warnings).toHaveLength(1)
  })
})

describe('createSeal', () => {
  const keys = generateKeyPairSync('ed25519')
  const others = generateKeyPairSync('ed25519')
  const value = createSeal(keys).seal('v1/key', 'a text\nof two lines')

  it('gives back what it sealed', () => {
    const reader = createSeal({ publicKey: keys.publicKey, privateKey: undefined })
    expect(reader.canSeal).toBe(false)
    expect(reader.open('v1/key', value)).toBe('a text\nof two lines')
    const plain = createSeal(undefined)
    expect(plain.open('v1/key', plain.seal('v1/key', ''))).toBe('')
    // Who does not ask for signatures can read what has them.
    expect(plain.open('v1/key', value)).toBe('a text\nof two lines')
  })

  it('refuses every value that differs in one character, is cut off anywhere, or is of another key', () => {
    const plain = createSeal(undefined)
    const bare = plain.seal('v1/key', 'a text\nof two lines')
    const signed = createSeal(keys)
    for (let at = 0; at < value.length; at++) {
      expect(() => signed.open('v1/key', value.slice(0, at))).toThrow(SignatureError)
      const other = value[at] === 'A' ? 'B' : 'A'
      const altered = value.slice(0, at) + other + value.slice(at + 1)
      try {
        // Base64 may have bits at its end that say nothing.
        expect(signed.open('v1/key', altered)).toBe('a text\nof two lines')
      } catch (error) {
        expect(error).toBeInstanceOf(SignatureError)
      }
    }
    for (let at = 0; at < bare.length; at++) {
      expect(() => plain.open('v1/key', bare.slice(0, at))).toThrow(DamagedError)
    }
    expect(() => plain.open('v1/other', bare)).toThrow(DamagedError)
    expect(() => signed.open('v1/other', value)).toThrow(SignatureError)
    expect(() => signed.open('v1/key', bare)).toThrow(SignatureError)
    expect(() => createSeal(others).open('v1/key', value)).toThrow(SignatureError)
  })
})
