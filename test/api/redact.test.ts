import { describe, expect, it } from 'vitest'
import { createRedact, redactError } from '../../src/api/redact.ts'
import { canary, expectNoKey } from '../helpers/canary.ts'

const redact = createRedact(canary)

describe('redacting a text', () => {
  it.each([
    ['plain', canary],
    ['twice', `${canary}${canary}`],
    ['in a query', `/x?key=${encodeURIComponent(canary)}&a=1`],
    ['in JSON', JSON.stringify({ message: `Key ${canary} is not valid` })],
    ['in base64', Buffer.from(canary).toString('base64')],
    ['in base64 for URLs', Buffer.from(canary).toString('base64url')],
  ])('hides the key %s', (_, text) => {
    expectNoKey(redact(text))
    expect(redact(text)).toContain('<api key>')
  })

  it('hides a key of special characters however it is escaped', () => {
    const odd = 'k/e+y="1\\2%3'
    const hide = createRedact(odd)
    for (const text of [odd, encodeURIComponent(odd), JSON.stringify({ odd })]) {
      expect(hide(`a ${text} b`)).not.toContain('1\\2')
      expect(hide(`a ${text} b`)).not.toContain('%3D%221')
    }
  })

  it('hides a key whose base64 differs from that for URLs', () => {
    const odd = '~~~~~>>>>>?????'
    const texts = (['base64', 'base64url'] as const).map((how) => Buffer.from(odd).toString(how))
    expect(texts[0]).not.toContain(texts[1])
    for (const text of texts) expect(createRedact(odd)(`a ${text} b`)).toBe('a <api key> b')
  })

  it('leaves every other text as it is', () => {
    for (const text of ['', 'Invalid API key', canary.slice(1), canary.toLowerCase()]) {
      expect(redact(text)).toBe(text)
    }
  })

  it('leaves texts alone when the key is too short to be one', () => {
    expect(createRedact('k')('a key like this')).toBe('a key like this')
    expect(createRedact('')('text')).toBe('text')
  })
})

it('hides a key in whose middle an answer broke off', () => {
  expect(redact(`{"message":"${canary.slice(0, -1)}`)).toBe('{"message":"<api key>')
  expect(redact(`{"message":"${canary.slice(0, 8)}`)).toBe('{"message":"<api key>')
  expect(redact('{"message":"FPSX')).toBe('{"message":"FPSX')
})

describe('redacting an error', () => {
  it('keeps message, cause and code, and nothing else', () => {
    const cause = new Error(`connect to ${canary}`)
    const error = Object.assign(new TypeError('fetch failed', { cause }), {
      code: 'ECONNRESET',
      rawPacket: Buffer.from(canary),
      request: { headers: { 'x-freepik-api-key': canary } },
    })
    for (const leak of [error, error.rawPacket, error.request, cause, { [canary]: 1 }]) {
      expect(() => expectNoKey(leak)).toThrow('not to contain')
    }
    const redacted = redactError(error, redact)
    expect(redacted.message).toBe('fetch failed: connect to <api key>')
    expect(redacted).toHaveProperty('code', 'ECONNRESET')
    expect(redacted.cause).toBeUndefined()
    expectNoKey(redacted)
  })

  it('has words for an error without any', () => {
    expect(redactError(Object.assign(new Error(), { code: 'ETIMEDOUT' }), redact).message).toBe(
      'ETIMEDOUT',
    )
    expect(redactError(`said ${canary}`, redact).message).toBe('said <api key>')
  })
})
