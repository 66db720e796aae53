import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { createSignatureCheck } from '../../src/api/webhook-signature.ts'

interface Call {
  id: string
  /** s since 1970 */
  at: number
  body: string
}

const seconds = (): number => Math.floor(Date.now() / 1000)
const call: Call = { id: 'msg_1', at: seconds(), body: '{"task_id":"a"}' }

/** Who signs with the secret as the decoded base64 after `whsec_`, or as its UTF-8. */
function oracleOf(secret: string): Webhook {
  return new Webhook(secret.startsWith('whsec_') ? secret : Buffer.from(secret).toString('base64'))
}

/** The headers of a call, signed by the oracle. */
function sign({ id, at, body }: Call, secret: string): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': oracleOf(secret).sign(id, new Date(at * 1000), body),
  }
}

const verdictOf = (
  given: Call,
  headers: Record<string, string>,
  secret: string,
  now = Date.now,
): string => createSignatureCheck(secret, now)(headers, Buffer.from(given.body))

const secrets = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.startsWith('whsec_')),
  fc
    .uint8Array({ minLength: 1, maxLength: 64 })
    .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`),
)
const calls = fc.record({
  id: fc.string({ minLength: 1 }).filter((id) => id.trim() === id),
  // Not so near to the limits that the time between two looks at the clock decides.
  at: fc.integer({ min: -290, max: 290 }).map((offset) => seconds() + offset),
  body: fc.string({ unit: 'binary' }),
})
/** What may happen to the headers of a call. */
type Spoil = (headers: Record<string, string>, noise: string) => void

const change =
  (name: string, make: (value: string, noise: string) => string): Spoil =>
  (headers, noise) =>
    void (headers[name] = make(headers[name] ?? '', noise))
const remove =
  (name: string): Spoil =>
  (headers) =>
    void delete headers[name]

const spoilt = fc.constantFrom<Spoil>(
  change('webhook-id', (id, noise) => id + noise),
  change('webhook-timestamp', (at, noise) => at + noise),
  change('webhook-timestamp', (_, noise) => noise),
  change('webhook-timestamp', (at) => `0${at}`),
  change('webhook-timestamp', () => String(seconds() - 310)),
  change('webhook-timestamp', () => String(seconds() + 310)),
  change('webhook-signature', (signature, noise) => signature + noise),
  change('webhook-signature', (signature, noise) => noise + signature),
  change('webhook-signature', (_, noise) => noise),
  change('webhook-signature', (signature) => signature.slice(0, -1)),
  change('webhook-signature', (signature) => signature.slice(3)),
  change('webhook-signature', (signature) => `v2,${signature.slice(3)}`),
  change('webhook-signature', (signature) => `v1a,x ${signature}`),
  remove('webhook-id'),
  remove('webhook-timestamp'),
  remove('webhook-signature'),
)

describe('the signature of a call', () => {
  it('is good where standardwebhooks signed', () => {
    fc.assert(
      fc.property(secrets, calls, (secret, given) => {
        expect(verdictOf(given, sign(given, secret), secret)).toBe('good')
      }),
      { numRuns: 500 },
    )
  })

  it('is refused wherever standardwebhooks refuses', () => {
    const refused = { ours: 0, theirs: 0 }
    fc.assert(
      fc.property(
        secrets,
        secrets,
        calls,
        fc.array(fc.tuple(spoilt, fc.string()), { maxLength: 2 }),
        fc.constantFrom('', ' ', '\uFFFD', 'x'),
        (secret, signedWith, given, changes, appended) => {
          const headers = sign(given, changes.length > 0 ? secret : signedWith)
          for (const [spoil, noise] of changes) spoil(headers, noise)
          const received = { ...given, body: given.body + appended }
          const verdict = verdictOf(received, headers, secret)
          try {
            oracleOf(secret).verify(received.body, headers, { jsonParse: false })
          } catch {
            refused.theirs++
            expect(verdict).toBe('refused')
          }
          if (verdict === 'refused') refused.ours++
        },
      ),
      { numRuns: 3000 },
    )
    // Both kinds occur.
    expect(refused.theirs).toBeGreaterThan(1000)
    expect(refused.ours).toBeLessThan(2990)
  })

  it('may be any of several, the others being of other secrets and versions', () => {
    const headers = sign(call, 'new')
    headers['webhook-signature'] =
      `v1,AAAA v2,x ${sign(call, 'old')['webhook-signature']} ${headers['webhook-signature']}`
    expect(verdictOf(call, headers, 'new')).toBe('good')
    expect(verdictOf(call, headers, 'old')).toBe('good')
    expect(verdictOf(call, headers, 'other')).toBe('refused')
  })

  it('may be made with a whsec_ secret as it stands, as official samples do', () => {
    const secret = 'whsec_c2VjcmV0'
    const plain = new Webhook(Buffer.from(secret).toString('base64'))
    const headers = sign(call, secret)
    headers['webhook-signature'] = plain.sign(call.id, new Date(call.at * 1000), call.body)
    expect(verdictOf(call, headers, secret)).toBe('good')
  })

  it.each([
    'whsec_',
    'whsec_====',
    'whsec_!!!!',
    'whsec_a',
    'whsec_abc',
    'whsec_abcde',
    'whsec_ab-_',
  ])('is never made with no key, or a part of one, where %s is no base64', (secret) => {
    for (const key of [Buffer.alloc(0), Buffer.from(secret.slice(6), 'base64')]) {
      const headers = sign(call, 'x')
      const mac = createHmac('sha256', key).update(`${call.id}.${call.at}.${call.body}`)
      headers['webhook-signature'] = `v1,${mac.digest('base64')}`
      expect(verdictOf(call, headers, secret)).toBe('refused')
    }
  })

  it.each([
    [-301, 'refused'],
    [-300, 'good'],
    [300, 'good'],
    [301, 'refused'],
  ])('made %i s from now is %s', (offset, verdict) => {
    const now = 1_800_000_000_999
    const given = { ...call, at: 1_800_000_000 + offset }
    expect(verdictOf(given, sign(given, 's'), 's', () => now)).toBe(verdict)
  })
})

it.each(['0%', '+%', '%.0', '%e0', ' %', '%a', '-%', '%000000000000'])(
  'a time that is written as %s is refused, even where it is signed that way',
  (form) => {
    const timestamp = form.replace('%', String(call.at))
    const mac = createHmac('sha256', 's').update(`${call.id}.${timestamp}.${call.body}`)
    const headers = {
      'webhook-id': call.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${mac.digest('base64')}`,
    }
    expect(() => oracleOf('s').verify(call.body, headers)).toThrow()
    expect(verdictOf(call, headers, 's')).toBe('refused')
  },
)

describe('a call that comes again', () => {
  it('is known as long as its time is good, and refused afterwards', () => {
    let now = 1_800_000_000_000
    const check = createSignatureCheck('s', () => now)
    const given = { ...call, at: 1_800_000_300 }
    const headers = sign(given, 's')
    const body = Buffer.from(given.body)
    expect(check(headers, body)).toBe('good')
    expect(check(headers, body)).toBe('replayed')
    now += 600_000
    expect(check(headers, body)).toBe('replayed')
    now += 1000
    expect(check(headers, body)).toBe('refused')
  })

  it('is known when it is signed anew, and not taken for another one under the same id', () => {
    const check = createSignatureCheck('s', Date.now)
    const body = Buffer.from(call.body)
    expect(check(sign(call, 's'), body)).toBe('good')
    expect(check(sign({ ...call, at: call.at + 5 }, 's'), body)).toBe('replayed')
    const other = { ...call, body: '{"task_id":"b"}' }
    expect(check(sign(other, 's'), Buffer.from(other.body))).toBe('good')
  })

  it('is not remembered where its signature is wrong: nobody can have a good one dropped', () => {
    const check = createSignatureCheck('s', Date.now)
    const body = Buffer.from(call.body)
    expect(check(sign(call, 'wrong'), body)).toBe('refused')
    expect(check(sign(call, 's'), body)).toBe('good')
  })

  it('is forgotten where very many came since: what is remembered is bounded', () => {
    const check = createSignatureCheck('s', Date.now)
    const send = (id: string): string => {
      const given = { ...call, id, at: seconds(), body: '' }
      return check(sign(given, 's'), Buffer.alloc(0))
    }
    expect(send('first')).toBe('good')
    for (let index = 1; index < 5000; index++) send(`msg_${index}`)
    expect(send('first')).toBe('replayed')
    send('one more')
    expect(send('first')).toBe('good')
  })
})
