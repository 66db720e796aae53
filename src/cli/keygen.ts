import { generateKeyPairSync } from 'node:crypto'
import { formatKey } from '../core/signing-option.ts'

/** What `keygen` is told. */
export interface KeygenFlags {
  json?: boolean | undefined
}

/** Makes the keys that a shared cache is signed and verified with, and prints them: they are kept nowhere. */
export function runKeygen({ json }: KeygenFlags, write: (text: string) => void): void {
  const pair = generateKeyPairSync('ed25519')
  const publicKey = formatKey(pair.publicKey)
  const privateKey = formatKey(pair.privateKey)
  if (json) return write(JSON.stringify({ publicKey, privateKey }, null, 2))
  write(
    [
      'The public key verifies. It is no secret, and goes into the config:',
      '',
      `  cache: { signing: { publicKey: '${publicKey}' } }`,
      '',
      'The private key signs. Give it to machines that may write into the shared cache, and to nobody else: as a secret of',
      'the CI, for trusted branches alone. It is not kept here.',
      '',
      `  MAGNIFIC_PRIVATE_KEY=${privateKey}`,
    ].join('\n'),
  )
}
