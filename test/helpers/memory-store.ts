import type { KeyvLike } from '../../src/core/remote-option.ts'
import type { ClaimFunction } from '../../src/core/remote-option.ts'

/** One call of a store. */
export interface StoreCall {
  kind: 'get' | 'set' | 'claim'
  key: string
}

/** A store of texts in memory, that can be told to misbehave. */
export interface MemoryStore {
  /** What it holds, by key; claims by `claim:` and their key. Live, and may be changed. */
  readonly values: Map<string, string>
  /** All calls so far. Live. */
  readonly calls: readonly StoreCall[]
  readonly remote: KeyvLike
  readonly claim: ClaimFunction
  /**
   * Stands before and after each call: `before` it is done, and `after` that, before anybody hears. What it throws is what the
   * caller gets.
   */
  onCall: ((call: StoreCall, when: 'before' | 'after') => unknown) | undefined
}

/** Holds nothing, and is well. */
export function createMemoryStore(): MemoryStore {
  const values = new Map<string, string>()
  const calls: StoreCall[] = []
  const run = async <T>(kind: StoreCall['kind'], key: string, work: () => T): Promise<T> => {
    const call = { kind, key }
    calls.push(call)
    await store.onCall?.(call, 'before')
    const result = work()
    await store.onCall?.(call, 'after')
    return result
  }
  const store: MemoryStore = {
    values,
    calls,
    remote: {
      get: async (key: string) => run('get', key, () => values.get(key)),
      set: async (key: string, value: string) =>
        run('set', key, () => {
          values.set(key, value)
          return true
        }),
      delete: async (key: string) => values.delete(key),
    },
    claim: async (key, text) =>
      run('claim', key, () => {
        const standing = values.get(`claim:${key}`)
        if (standing !== undefined) return standing
        values.set(`claim:${key}`, text)
        return text
      }),
    onCall: undefined,
  }
  return store
}
