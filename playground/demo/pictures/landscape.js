import { createNoise, createRandom, fractal, mix, smoothstep } from './random.js'
import { linear, rasterise } from './raster.js'

const WIDTH = 480
const HEIGHT = 270
// Everything below is in units of the picture's height; x runs from 0 to 16/9.
const SHORE = 0.735
const SUN = { x: 1.16, y: 0.43 }

const ZENITH = linear('#2c4a78')
const HIGH = linear('#7f93ba')
const LOW = linear('#f3c9a0')
const GLOW = linear('#ffdf9e')
const MIST = linear('#f0c9ab')
const CLOUD_LIT = linear('#ffd9b4')
const CLOUD_DARK = linear('#8f86a6')

// From the farthest to the nearest: the height of the foot, the height of the peaks, how jagged, the colour.
const RIDGES = [
  { base: 0.52, rise: 0.23, scale: 2.1, rough: 6, colour: linear('#b09bab'), seed: 3 },
  { base: 0.585, rise: 0.17, scale: 2.6, rough: 6, colour: linear('#8c83a0'), seed: 14 },
  { base: 0.645, rise: 0.16, scale: 2.2, rough: 5, colour: linear('#62678a'), seed: 21 },
  { base: 0.695, rise: 0.12, scale: 2.4, rough: 5, colour: linear('#3f4f6b'), seed: 38 },
  {
    base: 0.735,
    rise: 0.085,
    scale: 1.7,
    rough: 4,
    colour: linear('#263a4c'),
    seed: 45,
    trees: 0.03,
  },
]
const BANK = { colour: linear('#0d1a22'), seed: 57, trees: 0.2 }

/** Hills behind hills at sunrise, over a lake. */
export function drawLandscape() {
  const cloudNoise = createNoise(101)
  const rippleNoise = createNoise(202)
  const ridges = RIDGES.map((ridge) => ({ ...ridge, ...createRidge(ridge) }))
  const bankTop = createBank()

  const sky = (x, y) => {
    const height = Math.max(0, SHORE - y) / SHORE
    const distance = Math.hypot(x - SUN.x, (y - SUN.y) * 1.25)
    let colour = blend(LOW, HIGH, smoothstep(0.22, 0.62, height))
    colour = blend(colour, ZENITH, smoothstep(0.5, 1.15, height))
    const density = fractal(cloudNoise, x * 2.4 + y * 1.1, y * 9, 5)
    const cover = smoothstep(0.5, 0.74, density) * smoothstep(0.3, 0.6, height)
    const lit = blend(CLOUD_DARK, CLOUD_LIT, Math.exp(-distance * 1.5) + (0.62 - density) * 1.6)
    colour = blend(colour, lit, cover * 0.8)
    const glow = 0.75 * Math.exp(-distance * 5) + 0.28 * Math.exp(-distance * 1.8)
    const disc = 1 - smoothstep(0.039, 0.043, Math.hypot(x - SUN.x, y - SUN.y))
    return colour.map((value, channel) => value + GLOW[channel] * glow + disc * 0.8)
  }

  const land = (x, y) => {
    let colour = sky(x, y)
    const towardsSun = Math.exp(-Math.abs(x - SUN.x) * 1.5)
    const mist = blend(MIST, GLOW, towardsSun * 0.6)
    for (const [index, { ground, forest, colour: own, base }] of ridges.entries()) {
      const below = y - ground(x)
      if (below < 0 && (!forest || y < ground(x) - forest(x))) continue
      // Mist lies in the valleys, and the light from behind eats into the far ridges.
      const distance = 1 - index / RIDGES.length
      const valley = smoothstep(0, 0.17, below) * smoothstep(base - 0.16, base + 0.03, y)
      const slope = fractal(cloudNoise, x * 26, y * 40 + index * 7, 4) - 0.5
      const shaded = own.map((value) => value * (1 + slope * 0.55))
      const lit = blend(shaded, mist, distance * towardsSun * 0.42)
      colour = blend(lit, mist, valley * mix(0.42, 0.85, distance))
    }
    return colour
  }

  const lake = (x, y) => {
    const depth = (y - SHORE) / (1 - SHORE)
    const ripple = fractal(rippleNoise, x * 7, (1 / (depth + 0.12)) * 9, 3) - 0.5
    const fine = rippleNoise(x * 24, (1 / (depth + 0.08)) * 30) - 0.5
    const shift = ripple * 0.1 * (depth + 0.1) + fine * 0.05 * depth
    const mirrored = land(x + shift * 0.5, SHORE - (y - SHORE) * 1.5 - Math.abs(shift))
    const sheen = Math.exp(-Math.abs(x - SUN.x) * 7) * smoothstep(0.02, 0.2, ripple + fine * 0.7)
    const dim = mix(0.9, 0.55, depth)
    return mirrored.map((value, channel) => value * dim + GLOW[channel] * sheen * 0.55)
  }

  const shade = (px, py) => {
    const x = px / HEIGHT
    const y = py / HEIGHT
    const bank = y - bankTop(x)
    let colour = y < SHORE ? land(x, y) : lake(x, y)
    if (y >= SHORE) colour = blend(MIST, colour, mix(0.45, 1, smoothstep(0, 0.05, y - SHORE)))
    if (bank > 0) {
      const grass = fractal(cloudNoise, x * 40, y * 60, 3) - 0.5
      colour = BANK.colour.map((value) => value * (1 + grass * 1.2))
    }
    const vignette = 1 - 0.22 * ((x / (WIDTH / HEIGHT) - 0.5) ** 2 + (y - 0.5) ** 2) * 2
    return colour.map((value) => tone(value * vignette))
  }

  return rasterise({ width: WIDTH, height: HEIGHT, samples: 3, grain: 1.4, seed: 1, shade })
    .jpeg({ quality: 90, mozjpeg: true })
    .toBuffer()
}

function createRidge({ base, rise, scale, rough, seed, trees }) {
  const noise = createNoise(seed)
  const ground = (x) => {
    const folded = 1 - Math.abs(2 * fractal(noise, x * scale, 0.5, rough) - 1)
    return base - rise * (1.45 * folded ** 2 - 0.35)
  }
  return { ground, forest: trees && createForest(seed, trees, 120) }
}

/** The near bank: a slope down from the left corner, and a lower one on the right. */
function createBank() {
  const noise = createNoise(BANK.seed)
  const forest = createForest(BANK.seed, BANK.trees, 24)
  return (x) => {
    const left = 0.8 + 0.42 * smoothstep(0, 0.75, x)
    const right = 0.93 + 0.3 * smoothstep(0.5, 0, x - 1.3)
    const ground = Math.min(left, right) + (fractal(noise, x * 9, 0, 4) - 0.5) * 0.04
    return ground - forest(x) * smoothstep(1.1, 0.86, ground)
  }
}

/** Height of a row of firs at x: triangles with ragged sides. */
function createForest(seed, size, density) {
  const random = createRandom(seed)
  const firs = []
  for (let x = -0.1; x < WIDTH / HEIGHT + 0.1; x += (0.4 + random()) / density) {
    const height = size * (0.3 + 0.7 * random() ** 1.5)
    firs.push({ x, height, boughs: 9 + Math.floor(random() * 5) })
  }
  return (x) => {
    let top = 0
    for (const fir of firs) {
      const aside = Math.abs(x - fir.x) / (fir.height * 0.19)
      if (aside >= 1) continue
      // The skyline of a fir falls in steps: each bough overhangs the next one up.
      const step = Math.floor(aside * fir.boughs) / fir.boughs
      const within = aside * fir.boughs - Math.floor(aside * fir.boughs)
      top = Math.max(top, fir.height * (1 - step - (within ** 3 * 1.6) / fir.boughs))
    }
    return top
  }
}

function blend(from, to, share) {
  const clamped = Math.min(1, Math.max(0, share))
  return from.map((value, channel) => mix(value, to[channel], clamped))
}

/** Rolls off the highlights instead of clipping them. */
function tone(value) {
  return value < 0.6 ? value : 0.6 + 0.4 * (1 - Math.exp(-(value - 0.6) / 0.4))
}
