import { generateKeyPairSync } from 'node:crypto'
import { formatKey } from '../../src/core/signing-option.ts'

/** A pair of keys as `cache.signing` takes them. */
export interface Keys {
  publicKey: string
  privateKey: string
}

export function makeKeys(): Keys {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { publicKey: formatKey(publicKey), privateKey: formatKey(privateKey) }
}
