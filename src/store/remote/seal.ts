import { sign, verify } from 'node:crypto'
import { sha256 } from '../../core/fingerprint.ts'
import type { ResolvedSigning } from '../../core/signing-option.ts'
import { DamagedError } from './errors.ts'

/** Makes values of texts that tell which key they belong to and whether they are whole, and by whom they were written. */
export interface Seal {
  /** Whether values can be made that others take. */
  readonly canSeal: boolean
  seal(key: string, text: string): string
  /**
   * @throws DamagedError where the value is cut off, altered, or that of another key; where values are signed, that is a
   *   SignatureError as well
   */
  open(key: string, value: string): string
}

/** A value that nobody who may has written. Its message is a clause. */
export class SignatureError extends Error {
  override readonly name: string = 'SignatureError'
}

const version = 'magnific-1'

/**
 * Seals values: `magnific-1`, the key, the SHA-256 of the text and the signature on a line each, then the text. What is
 * signed are the first three lines, so that a signature says nothing for another key or another text.
 */
export function createSeal(signing: ResolvedSigning | undefined): Seal {
  return {
    canSeal: !signing || signing.privateKey !== undefined,
    seal: (key, text) => {
      const head = headOf(key, sha256(text))
      const signature = signing?.privateKey ? sign(null, Buffer.from(head), signing.privateKey) : ''
      return `${head}\n${signature.toString('base64')}\n${text}`
    },
    open: (key, value) => {
      const [given, name, hash = '', signature = '', ...rest] = value.split('\n')
      const text = rest.join('\n')
      const isWhole = given === version && rest.length > 0
      if (signing) {
        if (!isWhole || signature === '') throw new SignatureError('it is not signed')
        const head = Buffer.from(headOf(key, sha256(text)))
        const isSigned = verify(null, head, signing.publicKey, Buffer.from(signature, 'base64'))
        if (isSigned) return text
        throw new SignatureError(
          name === key
            ? 'it was altered, or signed with another key than that of `cache.signing.publicKey`'
            : `it belongs to "${name}"`,
        )
      }
      if (!isWhole) {
        throw new DamagedError('what it holds there was not written by this plugin, or is cut off')
      }
      if (name !== key) throw new DamagedError(`it answers with what belongs to "${name}"`)
      if (hash !== sha256(text)) throw new DamagedError('what it holds there is cut off or altered')
      return text
    },
  }
}

function headOf(key: string, hash: string): string {
  return `${version}\n${key}\n${hash}`
}
