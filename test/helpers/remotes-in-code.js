// Remotes that are code: an adapter around a real Redis that does not do what it should, and a claim that does.
import KeyvRedis from '@keyv/redis'

/**
 * @typedef {object} Misbehaviour
 * @property {string} url of a Redis
 * @property {number} seed
 * @property {number} [drops] the share of writes that are said to be done and are not
 * @property {number} [mixes] the share of reads that answer with what belongs to another key
 * @property {number} [cuts] the share of reads that answer with the first half of a value
 * @property {boolean} [claims] whether `claim` is handed in
 */

/**
 * What `cache` has to hold for a remote that misbehaves.
 *
 * @param {Misbehaviour} how
 */
export function openInCode({ url, seed, drops = 0, mixes = 0, cuts = 0, claims = true }) {
  const redis = new KeyvRedis(url, { throwOnErrors: true, throwOnConnectError: true })
  redis.on('error', () => {})
  const random = createRandom(seed)
  /** @type {string[]} */
  const seen = []
  const remote = {
    get: async (key) => {
      const value = await redis.get(key)
      if (value === undefined) return undefined
      seen.push(value)
      if (random() < mixes) return seen[Math.floor(random() * seen.length)]
      return random() < cuts ? value.slice(0, value.length >> 1) : value
    },
    set: async (key, value) => {
      if (random() >= drops) await redis.set(key, value)
      return true
    },
    delete: async (key) => redis.delete(key),
    disconnect: async () => redis.disconnect(true),
  }
  const claim = async (key, text) => {
    const client = await redis.getClient()
    const name = `claimed:${key}`
    return (await client.set(name, text, { NX: true })) === null ? client.get(name) : text
  }
  return { remote, ...(claims && { claim }) }
}

function createRandom(seed) {
  let state = (seed + 1) * 2_654_435_761
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) / 2 ** 24
  }
}
