import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isPlainObject, reportUnknown } from './option-readers.ts'
import type { HostSettings } from './options.ts'

/** The keys that values of a shared cache are signed and verified with: Ed25519, RFC 8032. */
export interface ResolvedSigning {
  readonly publicKey: KeyObject
  /** Missing where this machine reads only. Never logged. */
  readonly privateKey: KeyObject | undefined
}

/** What keys begin with, as texts: 32 bytes follow, in base64url. */
export const keyPrefixes = {
  publicKey: 'magnific-public-',
  privateKey: 'magnific-private-',
} as const

/** The beginning of every Ed25519 key in DER, before its 32 bytes: RFC 8410. */
const publicDer = Buffer.from('302a300506032b6570032100', 'hex')
const privateDer = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The text of a key: see `keyPrefixes`. */
export function formatKey(key: KeyObject): string {
  const isPrivate = key.type === 'private'
  const der = isPrivate
    ? key.export({ type: 'pkcs8', format: 'der' })
    : key.export({ type: 'spki', format: 'der' })
  const prefix = isPrivate ? keyPrefixes.privateKey : keyPrefixes.publicKey
  return prefix + der.subarray(-32).toString('base64url')
}

/**
 * `cache.signing`, or what stands in for it: `$MAGNIFIC_PUBLIC_KEY` and `$MAGNIFIC_PRIVATE_KEY`. Keys that are wrong are
 * named and not shown; an empty text is none, as CI has it where a secret is not to be had.
 */
export function readSigning(
  value: unknown,
  env: HostSettings['env'],
  problems: string[],
): ResolvedSigning | undefined {
  const given = value ?? {}
  if (!isPlainObject(given)) {
    problems.push(
      "`cache.signing` must be an object such as { publicKey: 'magnific-public-…' }: `npx magnific keygen` makes keys.",
    )
    return undefined
  }
  reportUnknown('cache.signing.', given, ['publicKey', 'privateKey'], problems)
  const publicText = given['publicKey'] || env['MAGNIFIC_PUBLIC_KEY'] || undefined
  const privateText = given['privateKey'] || env['MAGNIFIC_PRIVATE_KEY'] || undefined
  if (value === undefined && publicText === undefined && privateText === undefined) return undefined
  const publicKey = readKey('publicKey', publicText, problems)
  const privateKey = readKey('privateKey', privateText, problems)
  if (publicText === undefined) {
    problems.push(
      '`cache.signing.publicKey` is missing: what is read could not be verified. It stands beside the private key in what `npx magnific keygen` printed.',
    )
  }
  if (!publicKey) return undefined
  if (privateKey && formatKey(createPublicKey(privateKey)) !== formatKey(publicKey)) {
    problems.push(
      '`cache.signing.privateKey` does not belong to `cache.signing.publicKey`: what it signs would be refused by all others. Take both from the same `npx magnific keygen`.',
    )
  }
  return { publicKey, privateKey }
}

function readKey(
  name: keyof typeof keyPrefixes,
  text: unknown,
  problems: string[],
): KeyObject | undefined {
  if (text === undefined) return undefined
  const prefix = keyPrefixes[name]
  const bytes =
    typeof text === 'string' && text.trim().startsWith(prefix)
      ? Buffer.from(text.trim().slice(prefix.length), 'base64url')
      : undefined
  if (bytes?.length === 32) {
    return name === 'publicKey'
      ? createPublicKey({ key: Buffer.concat([publicDer, bytes]), type: 'spki', format: 'der' })
      : createPrivateKey({ key: Buffer.concat([privateDer, bytes]), type: 'pkcs8', format: 'der' })
  }
  problems.push(
    `\`cache.signing.${name}\` must be a key that begins with "${prefix}", as \`npx magnific keygen\` prints it.`,
  )
  return undefined
}
