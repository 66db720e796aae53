import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * Looks at the signature of a call: `refused` where it was not made with the secret, or not about now; `replayed` where
 * it is good and was seen before.
 */
export type CheckSignature = (headers: IncomingHttpHeaders, body: Buffer) => Verdict

/** What {@link CheckSignature} finds. */
export type Verdict = 'good' | 'replayed' | 'refused'

/** So far may a call's clock be from ours, in either direction, s. By custom. */
const tolerance = 300
/** So many calls are remembered at most, those more than those of a very large build in ten minutes. */
const mostRemembered = 5000
/** Seconds since 1970, as they are signed: no other way to write the same number. */
const timestampPattern = /^[1-9]\d{0,11}$/

/**
 * Makes the check for one secret, as standardwebhooks.com has it: `webhook-signature` holds `v1,<base64>` items, any of which
 * may be the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`.
 *
 * @param now ms since 1970
 */
export function createSignatureCheck(secret: string, now: () => number): CheckSignature {
  const keys = readKeys(secret)
  /** Calls that were good, the oldest first. */
  const seen = new Set<string>()

  return (headers, body) => {
    const id = headers['webhook-id']
    const timestamp = headers['webhook-timestamp']
    const signatures = headers['webhook-signature']
    if (typeof id !== 'string' || id === '') return 'refused'
    if (typeof timestamp !== 'string' || !timestampPattern.test(timestamp)) return 'refused'
    if (typeof signatures !== 'string') return 'refused'
    if (Math.abs(Math.floor(now() / 1000) - Number(timestamp)) > tolerance) return 'refused'
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
    if (!keys.some((key) => isSignedWith(key, signed, signatures))) return 'refused'
    // Whoever sends a call again, because our answer was lost, signs it anew: the time is no part of what it is.
    const call = createHash('sha256').update(`${id}.`).update(body).digest('base64')
    if (seen.has(call)) return 'replayed'
    seen.add(call)
    if (seen.size > mostRemembered) seen.delete(seen.values().next().value ?? '')
    return 'good'
  }
}

/**
 * Official samples use the secret as UTF-8, one of them decodes it: after `whsec_` either is accepted, since both need the
 * secret to be known.
 */
function readKeys(secret: string): Buffer[] {
  const [, encoded] = /^whsec_([A-Za-z\d+/]{2,}={0,2})$/.exec(secret) ?? []
  const plain = Buffer.from(secret)
  return encoded === undefined || encoded.length % 4 > 0
    ? [plain]
    : [plain, Buffer.from(encoded, 'base64')]
}

function isSignedWith(key: Buffer, signed: Buffer, signatures: string): boolean {
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
  return signatures.split(' ').some((item) => {
    const given = Buffer.from(item)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}
