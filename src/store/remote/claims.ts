import { MagnificError } from '../../core/errors.ts'
import type { ClaimFunction } from '../../core/remote-option.ts'
import type { Claims, RemotePort } from './port.ts'

/** The key that a claim has among the store's own, where no value's key can be. */
export function claimKey(key: string): string {
  return `magnific:claims:${key}`
}

/** The key of what stands, among the values: the function may set it in the same store, under its own key and in its own form. */
function copyKey(key: string): string {
  return `magnific:claimed:${key}`
}

/**
 * Claims that a function of the user's settles. What stands is set in the store as well, for those who only read.
 *
 * @throws MagnificError `BAD_OPTIONS` from `create` where the function returns no text
 */
export function createGivenClaims(
  claim: ClaimFunction,
  values: Pick<RemotePort, 'get' | 'set'>,
): Claims {
  const standing = new Map<string, string>()
  return {
    keyOf: copyKey,
    create: async (key, text) => {
      const stands: unknown = await claim(claimKey(key), text)
      if (typeof stands !== 'string') {
        throw new MagnificError(
          'BAD_OPTIONS',
          `\`cache.claim\` must return the text that stands for a key, as a promise, but it returned ${typeof stands}. Return the text that it was called with where nothing stood there, and else what stands there.`,
        )
      }
      standing.set(key, stands)
      await values.set(copyKey(key), stands)
      return stands
    },
    read: async (key) => standing.get(key) ?? values.get(copyKey(key)),
    // What the function has settled stays settled; this is for those who only read.
    replace: async (key, text) => {
      standing.set(key, text)
      await values.set(copyKey(key), text)
    },
  }
}
