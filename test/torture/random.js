/**
 * Chance that comes again with its seed.
 *
 * @param {number} seed
 */
export function createRandom(seed) {
  let state = seed >>> 0
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  /** A whole number from `min` to `max`, both possible. */
  const int = (min, max) => min + Math.floor(next() * (max - min + 1))
  return {
    int,
    chance: (share) => next() < share,
    pick: (list) => list[int(0, list.length - 1)],
  }
}

/** @typedef {ReturnType<typeof createRandom>} Random */
