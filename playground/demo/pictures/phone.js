import { createNoise, fractal, mix, smoothstep } from './random.js'
import { linear, rasterise } from './raster.js'

const WIDTH = 360
const HEIGHT = 480
// Everything below is in units of the picture's width; y runs from 0 to 4/3.
const HORIZON = 0.93
const TOWER = { x: 0.56, foot: 1.06, top: 0.36, wide: 0.105, narrow: 0.062 }

const ZENITH = linear('#2f6fb4')
const LOW = linear('#cfe4f2')
const CLOUD = linear('#ffffff')
const SEA_FAR = linear('#5f93b5')
const SEA_NEAR = linear('#174766')
const ROCK = linear('#4b4744')
const GRASS = linear('#5f7d3a')
const WHITE = linear('#f6f1e7')
const RED = linear('#c23a2f')
const GLASS = linear('#ffe08a')
const IRON = linear('#2b2e33')

/**
 * A lighthouse as a phone stores it: lying on its side, with a note that says how to turn it, and with the place where it
 * was taken. Neither belongs into what is shipped.
 */
export function drawPhone() {
  const cloudNoise = createNoise(11)
  const waveNoise = createNoise(23)
  const rockNoise = createNoise(37)
  const shade = (column, row) => {
    const x = column / WIDTH
    const y = row / WIDTH
    return tower(x, y) ?? land(x, y, rockNoise) ?? (y < HORIZON ? sky(x, y) : sea(x, y))
  }
  const sky = (x, y) => {
    const density = fractal(cloudNoise, x * 3, y * 6.5, 5)
    const cover = smoothstep(0.52, 0.78, density) * 0.85
    return blend(blend(ZENITH, LOW, smoothstep(0, HORIZON, y)), CLOUD, cover)
  }
  const sea = (x, y) => {
    const depth = (y - HORIZON) / (4 / 3 - HORIZON)
    const wave = fractal(waveNoise, x * 9, (1 / (depth + 0.1)) * 12, 3)
    const colour = blend(SEA_FAR, SEA_NEAR, depth)
    return blend(colour, CLOUD, smoothstep(0.66, 0.8, wave) * 0.45)
  }
  return rasterise({ width: WIDTH, height: HEIGHT, samples: 3, grain: 1.5, seed: 8, shade })
    .rotate(270)
    .withExif({
      IFD0: { Make: 'Playground', Model: 'Pocket 1' },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '50/1 3/1 5760/100',
        GPSLongitudeRef: 'W',
        GPSLongitude: '5/1 42/1 5880/100',
      },
    })
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 84, chromaSubsampling: '4:4:4' })
    .toBuffer()
}

function tower(x, y) {
  const { x: middle, foot, top, wide, narrow } = TOWER
  const side = (x - middle) * (y > top ? 1 : 1.25)
  if (y > foot || y < top - 0.15) return undefined
  if (y > top) {
    const half = mix(narrow, wide, (y - top) / (foot - top))
    if (Math.abs(side) > half) return undefined
    const stripe = Math.floor(((y - top) / (foot - top)) * 6) % 2 === 0
    const isDoor = y > foot - 0.11 && Math.abs(side) < 0.022
    const isWindow = Math.abs(side) < 0.011 && Math.abs(((y - top) % 0.23) - 0.12) < 0.022
    const colour = isDoor || isWindow ? IRON : stripe ? RED : WHITE
    // Light from the left.
    const light = 0.62 + 0.42 * Math.cos((side / half) * 1.45 + 0.75)
    return colour.map((value) => value * light)
  }
  if (y > top - 0.014) return Math.abs(side) < narrow * 1.55 ? IRON : undefined
  if (y > top - 0.085) {
    if (Math.abs(side) > narrow * 0.9) return undefined
    const bar = Math.abs(((side + 1) % 0.032) - 0.016) > 0.0135
    return bar ? IRON : GLASS
  }
  const roof = (y - (top - 0.15)) / 0.065
  return Math.abs(side) < narrow * roof * 1.2 ? RED.map((value) => value * 0.8) : undefined
}

function land(x, y, noise) {
  const rise = 1.02 + Math.abs(x - 0.58) ** 2 * 0.75
  const ground = rise + (fractal(noise, x * 6, 3, 4) - 0.5) * 0.1
  if (y < ground) return undefined
  const texture = fractal(noise, x * 22, y * 22, 4)
  const isGrass = y - ground < 0.035 + texture * 0.05
  const colour = isGrass ? GRASS : ROCK
  return colour.map((value) => value * (0.55 + texture * 0.9))
}

function blend(from, to, share) {
  return from.map((value, channel) => mix(value, to[channel], share))
}
