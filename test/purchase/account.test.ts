import { describe, expect, it } from 'vitest'
import { watcherOf } from '../../src/api/watcher.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openAccount } from '../../src/purchase/account.ts'

const warn = (message: string): never => {
  throw new Error(message)
}

describe('an account', () => {
  it('is one for everybody who has the same key for the same API', () => {
    const baseUrl = 'https://one.example'
    const account = openAccount({ baseUrl, apiKey: 'a-key-of-one', ratePerMinute: 300, warn })
    expect(openAccount({ baseUrl, apiKey: 'a-key-of-one', ratePerMinute: 300, warn })).toBe(account)
    expect(openAccount({ baseUrl, apiKey: 'another-key', ratePerMinute: 300, warn })).not.toBe(account)
    const elsewhere = { baseUrl: 'https://two.example', apiKey: 'a-key-of-one', warn }
    expect(openAccount({ ...elsewhere, ratePerMinute: 300 })).not.toBe(account)
    expect(watcherOf(account.client, systemClock)).toBe(account.watcher)
  })

  it('keeps the pace of the most careful of them', () => {
    const options = { baseUrl: 'https://three.example', apiKey: 'a-key', warn }
    const { pace } = openAccount({ ...options, ratePerMinute: 100 })
    openAccount({ ...options, ratePerMinute: 40 })
    openAccount({ ...options, ratePerMinute: 300 })
    expect(pace.rate).toBe(40)
  })
})
