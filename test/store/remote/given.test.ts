import { EventEmitter } from 'node:events'
import { Keyv } from 'keyv'
import type { KeyvOptions, KeyvStoreAdapter } from 'keyv'
import { describe, expect, it, vi } from 'vitest'
import { MagnificError } from '../../../src/core/errors.ts'
import type { ClaimFunction, RemoteOption } from '../../../src/core/remote-option.ts'
import { openPort } from '../../../src/store/remote/open-port.ts'
import type { RemotePort } from '../../../src/store/remote/port.ts'

const root = import.meta.dirname

async function open(remote: RemoteOption, claim?: ClaimFunction): Promise<RemotePort> {
  return openPort(remote, { root, claim })
}

/** An adapter in memory that answers as it is told to. */
class Adapter extends EventEmitter {
  readonly values = new Map<string, unknown>()
  /** In place of the answer. */
  failure: Error | undefined
  ended = 0

  async get(key: string): Promise<unknown> {
    if (this.failure) throw this.failure
    return this.values.get(key)
  }

  async set(key: string, value: unknown): Promise<unknown> {
    if (this.failure) throw this.failure
    this.values.set(key, value)
    return undefined
  }

  async delete(key: string): Promise<boolean> {
    return this.values.delete(key)
  }

  async clear(): Promise<void> {
    this.values.clear()
  }

  async disconnect(): Promise<void> {
    this.ended++
  }
}

function createKeyv(adapter: Adapter, options: KeyvOptions = {}): Keyv {
  return new Keyv(adapter as unknown as KeyvStoreAdapter, options)
}

/** As Keyv 6 does it: errors are emitted, and a failed read looks like a missing value. */
class SilentKeyv extends EventEmitter {
  readonly store: Adapter

  constructor(store: Adapter) {
    super()
    this.store = store
  }

  async get(key: string): Promise<unknown> {
    try {
      return await this.store.get(key)
    } catch (error) {
      this.emit('error', error)
      return undefined
    }
  }

  async set(key: string, value: string): Promise<boolean> {
    try {
      await this.store.set(key, value)
      return true
    } catch (error) {
      this.emit('error', error)
      return false
    }
  }

  async delete(key: string): Promise<boolean> {
    return this.store.delete(key)
  }
}

const stores: Record<string, (adapter: Adapter) => RemoteOption> = {
  'an adapter': (adapter) => adapter,
  'a Keyv': (adapter) => createKeyv(adapter),
  'a Keyv that emits its errors': (adapter) => new SilentKeyv(adapter),
  'a function': (adapter) => {
    const keyv = createKeyv(adapter, { namespace: 'site' })
    return () => keyv
  },
}

describe.each(Object.entries(stores))('%s of an unknown kind', (_, wrap) => {
  it('keeps texts, and has no claims', async () => {
    const port = await open(wrap(new Adapter()))
    await port.set('key', 'value')
    expect(await port.get('key')).toBe('value')
    expect(await port.get('nothing')).toBeUndefined()
    expect(port.claims).toBeUndefined()
    expect(await port.findWeakness()).toBeUndefined()
  })

  it('never takes for absent what cannot be read, nor for set what cannot be written', async () => {
    const adapter = new Adapter()
    const port = await open(wrap(adapter))
    adapter.failure = new Error('on fire')
    const answers = await Promise.allSettled([port.get('key'), port.set('key', 'value')])
    const failed = { status: 'rejected', reason: adapter.failure }
    expect(answers).toEqual([failed, failed])
    adapter.failure = undefined
    expect(await port.get('key')).toBeUndefined()
  })

  it('may emit errors of its own accord, after the port is closed too', async () => {
    const adapter = new Adapter()
    const store = wrap(adapter)
    for (let round = 0; round < 12; round++) {
      const port = await open(store)
      adapter.emit('error', new Error('connection lost'))
      await port.set('key', 'value')
      expect(await port.get('key')).toBe('value')
      await port.close()
      adapter.emit('error', new Error('connection lost'))
    }
    if (typeof store === 'function') return
    // Keyv listens as well.
    expect(adapter.listenerCount('error')).toBeLessThanOrEqual(2)
    if (store instanceof SilentKeyv) expect(store.listenerCount('error')).toBe(1)
  })

  it('is disconnected when its last port is closed', async () => {
    const adapter = new Adapter()
    const store = wrap(adapter)
    const [one, other] = [await open(store), await open(store)]
    await one.close()
    expect(adapter.ended).toBe(0)
    await other.get('key')
    await other.close()
    const canEnd = !(store instanceof SilentKeyv)
    expect(adapter.ended).toBe(canEnd ? 1 : 0)
    await expect(other.get('key')).rejects.toThrow(/^The connection to a .* is closed\.$/)
  })

  it('fails what waits for it when the port is closed', async () => {
    const adapter = new Adapter()
    const port = await open(wrap(adapter))
    const asked = vi.spyOn(adapter, 'get').mockReturnValue(new Promise(() => {}))
    const answer = port.get('key').catch(String)
    await vi.waitFor(() => expect(asked).toHaveBeenCalled())
    await port.close()
    expect(await answer).toMatch(/^Error: The connection to a .* was closed\.$/)
  })
})

describe('a store of the user', () => {
  it('is named by what it is', async () => {
    const plain = { get: () => '', set: () => '', delete: () => '' }
    const names: [RemoteOption, string][] = [
      [createKeyv(new Adapter()), 'a Keyv with Adapter'],
      [new SilentKeyv(new Adapter()), 'a SilentKeyv with Adapter'],
      [() => new Keyv(), 'a Keyv with Map'],
      [new Map<string, string>(), 'a Map'],
      [plain, 'a store'],
      [Object.assign(Object.create(null), plain), 'a store'],
    ]
    for (const [remote, name] of names) expect((await open(remote)).name).toBe(name)
  })

  it('says null for what is not there, as some do', async () => {
    const port = await open({ get: async () => null, set: () => true, delete: () => true })
    expect(await port.get('key')).toBeUndefined()
  })

  it('is not believed where it answers with anything but a text', async () => {
    const port = await open({ get: () => 1, set: () => true, delete: () => true })
    await expect(port.get('key')).rejects.toThrow('answered with number in place of a text')
  })

  it('fails where it says that it has set nothing', async () => {
    const port = await open({ get: () => '', set: async () => false, delete: () => true })
    await expect(port.set('key', 'value')).rejects.toThrow('says that key was not set')
  })

  it('tells what failed from what is absent, though both are asked for at once', async () => {
    const adapter = new Adapter()
    vi.spyOn(adapter, 'get').mockImplementation(async (key) => {
      await new Promise(setImmediate)
      if (key.startsWith('bad')) throw new Error(key)
    })
    const port = await open(new SilentKeyv(adapter))
    const keys = ['bad 1', 'absent 1', 'bad 2', 'absent 2']
    expect(await Promise.allSettled(keys.map(async (key) => port.get(key)))).toEqual([
      { status: 'rejected', reason: new Error('bad 1') },
      { status: 'fulfilled', value: undefined },
      { status: 'rejected', reason: new Error('bad 2') },
      { status: 'fulfilled', value: undefined },
    ])
  })

  it('is known for values that end', async () => {
    const port = await open(createKeyv(new Adapter(), { ttl: 60_000 }))
    expect(await port.findWeakness()).toBe(
      'its `ttl` is 60000 ms, after which what was paid for is gone',
    )
  })

  it('is refused where a function returns none', async () => {
    const opening = open(() => ({ get: () => '' }) as never)
    await expect(opening).rejects.toThrow(MagnificError)
    await expect(opening).rejects.toThrow(
      'The function that is `cache.remote` must return a Keyv or a storage adapter of Keyv, got an object without set(), delete().',
    )
    await expect(open(async () => undefined as never)).rejects.toThrow('got undefined.')
    await expect(open(async () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  })
})

describe('claims by a function', () => {
  it('stand as the function says, and can be read by those who have only the store', async () => {
    const store = new Map<string, string>()
    const standing = new Map<string, string>()
    const claim = vi.fn<ClaimFunction>(async (key, text) => {
      if (!standing.has(key)) standing.set(key, text)
      return standing.get(key) ?? ''
    })
    const [one, other] = [await open(store, claim), await open(store, claim)]
    expect(await one.claims?.read('key')).toBeUndefined()
    expect(await one.claims?.create('key', 'first')).toBe('first')
    expect(await other.claims?.create('key', 'second')).toBe('first')
    expect(claim.mock.calls).toEqual([
      ['magnific:claims:key', 'first'],
      ['magnific:claims:key', 'second'],
    ])
    const reader = await open(store, async () => Promise.reject(new Error('unasked')))
    expect(await reader.claims?.read('key')).toBe('first')
    store.clear()
    expect(await one.claims?.read('key')).toBe('first')
    expect(await reader.claims?.read('key')).toBeUndefined()
  })

  it('are replaced for those who read', async () => {
    const store = new Map<string, string>()
    const [one, reader] = [
      await open(store, async (_key, text) => text),
      await open(store, async () => ''),
    ]
    await one.claims?.create('key', 'first')
    await one.claims?.replace('key', 'second')
    expect(await one.claims?.read('key')).toBe('second')
    expect(await reader.claims?.read('key')).toBe('second')
  })

  it('fail as the function does, or where it returns no text', async () => {
    const failing = await open(new Map(), async () => Promise.reject(new Error('no network')))
    await expect(failing.claims?.create('key', 'text')).rejects.toThrow('no network')
    const wrong = await open(new Map(), async () => true as never)
    await expect(wrong.claims?.create('key', 'text')).rejects.toThrow(
      '`cache.claim` must return the text that stands for a key, as a promise, but it returned boolean.',
    )
    expect(await wrong.claims?.read('key')).toBeUndefined()
  })
})
