// Seeded, so that each run of make.js draws the same pictures.

/**
 * A generator of numbers in [0, 1) (mulberry32).
 * @param {number} seed
 * @returns {() => number}
 */
export function createRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * Smooth value noise over the plane, in [0, 1].
 * @param {number} seed
 * @returns {(x: number, y: number) => number}
 */
export function createNoise(seed) {
  const random = createRandom(seed)
  const lattice = Float32Array.from({ length: 65536 }, random)
  const at = (x, y) => lattice[((y & 255) << 8) | (x & 255)]
  return (x, y) => {
    const left = Math.floor(x)
    const top = Math.floor(y)
    const u = ease(x - left)
    const v = ease(y - top)
    const upper = mix(at(left, top), at(left + 1, top), u)
    const lower = mix(at(left, top + 1), at(left + 1, top + 1), u)
    return mix(upper, lower, v)
  }
}

/**
 * Octaves of a noise on top of each other, each half as strong and twice as fine, in [0, 1].
 * @param {(x: number, y: number) => number} noise
 * @param {number} x
 * @param {number} y
 * @param {number} octaves
 */
export function fractal(noise, x, y, octaves) {
  let sum = 0
  let weight = 0.5
  let scale = 1
  let total = 0
  for (let octave = 0; octave < octaves; octave++) {
    sum += weight * noise(x * scale + octave * 17.3, y * scale + octave * 9.1)
    total += weight
    weight *= 0.5
    scale *= 2.03
  }
  return sum / total
}

/** Linear interpolation. */
export function mix(from, to, share) {
  return from + (to - from) * share
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothstep(low, high, value) {
  return ease(Math.min(1, Math.max(0, (value - low) / (high - low))))
}

function ease(share) {
  return share * share * (3 - 2 * share)
}
