import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Signs and checks the URLs of results. */
export interface Links {
  /** A URL good for the lifetime. `variant` adds `size=stable`, as seen live. */
  sign: (taskId: string, variant?: 'stable') => string
  /** Whether the URL was signed here and has not expired. */
  verify: (url: URL) => boolean
  /** Makes every URL signed so far bad. */
  expire: () => void
}

/**
 * URLs of the form seen live: `…/<id>.jpg?token=exp=<epoch seconds>~hmac=<hex>`, the extension being no
 * promise about the format. The key is random and never leaves this process.
 */
export function createLinks(origin: () => string, lifetime: number, now: () => number): Links {
  let secret = randomBytes(32)
  const mac = (path: string, expiry: string): Buffer =>
    createHmac('sha256', secret).update(`${path}~exp=${expiry}`).digest()
  return {
    sign(taskId, variant) {
      const path = `/results/${taskId}.jpg`
      // three decimals, so that tests may use lifetimes under a second
      const expiry = ((now() + lifetime) / 1000).toFixed(3)
      const token = `exp=${expiry}~hmac=${mac(path, expiry).toString('hex')}`
      return `${origin()}${path}?token=${token}${variant ? `&size=${variant}` : ''}`
    },
    verify(url) {
      const [, expiry, hmac] =
        /^exp=(\d+\.\d{3})~hmac=([0-9a-f]{64})$/.exec(url.searchParams.get('token') ?? '') ?? []
      if (!expiry || !hmac) return false
      const genuine = timingSafeEqual(Buffer.from(hmac, 'hex'), mac(url.pathname, expiry))
      return genuine && now() < Number(expiry) * 1000
    },
    expire() {
      secret = randomBytes(32)
    },
  }
}
