import { createNoise, createRandom, fractal, mix, smoothstep } from './random.js'
import { linear } from './raster.js'
import { carve, ellipsoid, join, length, rod } from './solid.js'

// Units: the vase is about one high and stands at the origin of its table, y up, the camera on +z.
const VASE = [-0.14, 0, -0.05]
const STANDING = [0.44, 0, 0.36]
const LYING = [0.78, 0.18, -0.16]
const TWIGS = [
  [
    [-0.14, 0.85, -0.05],
    [-0.21, 1.22, -0.05],
    [-0.38, 1.46, 0],
    [-0.55, 1.62, 0.05],
  ],
  [
    [-0.14, 0.85, -0.05],
    [-0.1, 1.28, -0.1],
    [0, 1.54, -0.1],
    [-0.03, 1.78, -0.06],
  ],
  [
    [-0.14, 0.85, -0.05],
    [-0.02, 1.2, 0],
    [0.18, 1.38, 0.08],
    [0.47, 1.47, 0.1],
  ],
]
const FALLEN = [
  [-0.56, 0.038, 0.42, 0.038],
  [-0.45, 0.034, 0.56, 0.034],
]

const GLAZE = linear('#d9d3c2')
const CLAY = linear('#9a6243')
const PEAR = linear('#b9a83e')
const BLUSH = linear('#b4562c')
const STEM = linear('#4a3322')
const BERRY = linear('#a81f18')
const WOOD = linear('#7d5436')
const WOOD_DARK = linear('#3c2617')

const noise = createNoise(71)
const berries = [...FALLEN, ...growBerries(createRandom(72))]

/** Distance to whatever is nearest on the table. */
export function distanceTo(x, y, z) {
  return Math.min(
    table(y, z),
    vase(x, y, z),
    standingPear(x, y, z),
    lyingPear(x, y, z),
    branches(x, y, z),
  )
}

/**
 * What a point on a surface is made of: `colour` of its diffuse light, `gloss` from 0 to 1 (how much of a
 * mirror's reflection it adds, head on), and how `rough` that mirror is.
 */
export function materialAt([x, y, z]) {
  const near = 0.006
  if (vase(x, y, z) < near) return glazedClay(x, y, z)
  if (standingPear(x, y, z) < near) return pearSkin(x - STANDING[0], y, z - STANDING[2])
  if (lyingPear(x, y, z) < near) return pearSkin(...layDown(x, y, z))
  if (table(y, z) < near) return wood(x, z)
  const berry = berries.some(
    ([bx, by, bz, radius]) => length(x - bx, y - by, z - bz) < radius + near,
  )
  return berry ? { colour: BERRY, gloss: 0.06, rough: 0.05 } : { colour: STEM, gloss: 0, rough: 1 }
}

function table(y, z) {
  // It ends behind the things, so that the room begins there.
  const behind = -1.5 - z
  return behind > 0 ? Math.sqrt(Math.max(0, y) ** 2 + behind ** 2) : y
}

function vase(px, y, pz) {
  const x = px - VASE[0]
  const z = pz - VASE[2]
  const radius = Math.sqrt(x * x + z * z)
  if (radius > 0.7) return radius - 0.45
  const flare = 0.075 * smoothstep(0.9, 1.1, y) ** 2
  const body = ellipsoid(radius, y - 0.39, 0, 0.375, 0.4, 0.375)
  const foot = Math.max(radius - 0.2, Math.abs(y - 0.02) - 0.02)
  const neck = Math.max(radius - 0.098 - flare, Math.abs(y - 0.83) - 0.25)
  const hollow = Math.max(radius - 0.074 - flare, 0.8 - y)
  // The potter's fingers leave rings.
  const rings = 0.0016 * Math.sin(y * 95)
  return carve(join(join(body, neck, 0.2), foot, 0.04), hollow, 0.016) + rings
}

function standingPear(px, y, pz) {
  const x = px - STANDING[0]
  const z = pz - STANDING[2]
  if (length(x, y - 0.28, z) > 0.65) return length(x, y - 0.28, z) - 0.42
  return pear(x + 0.1 * (y - 0.2), y, z)
}

function lyingPear(x, y, z) {
  const away = length(x - LYING[0], y - LYING[1], z - LYING[2])
  return away > 0.8 ? away - 0.55 : pear(...layDown(x, y, z))
}

/** Into the frame of the pear that is tipped over backwards and turned away. */
function layDown(px, py, pz) {
  const x = px - LYING[0]
  const y = py - LYING[1]
  const z = pz - LYING[2]
  return [
    -0.8 * x + 0.25 * y + 0.545 * z,
    -0.55 * x + 0.12 * y - 0.826 * z + 0.19,
    0.27 * x + 0.96 * y - 0.04 * z,
  ]
}

/** A pear upright on the origin. */
function pear(x, y, z) {
  const belly = ellipsoid(x, y - 0.19, z, 0.205, 0.19, 0.205)
  const neck = ellipsoid(x, y - 0.38, z, 0.088, 0.13, 0.088)
  const dimple = ellipsoid(x, y - 0.505, z, 0.03, 0.02, 0.03)
  const flesh = carve(join(belly, neck, 0.13), dimple, 0.03)
  return Math.min(flesh, rod(x, y, z, [0, 0.47, 0], [0.035, 0.6, 0.01], 0.0095))
}

function branches(x, y, z) {
  // Two boxes of air: nothing of the branches is outside.
  const crown = length(
    Math.max(0, Math.abs(x + 0.03) - 0.66),
    Math.max(0, Math.abs(y - 1.4) - 0.62),
    Math.max(0, Math.abs(z) - 0.2),
  )
  const floor = length(
    Math.max(0, Math.abs(x + 0.5) - 0.12),
    Math.max(0, y - 0.08),
    Math.max(0, Math.abs(z - 0.49) - 0.13),
  )
  const nearest = Math.min(crown, floor)
  if (nearest > 0.1) return nearest
  let distance = 9
  if (crown <= 0.1) {
    for (const twig of TWIGS) {
      for (let joint = 1; joint < twig.length; joint++) {
        distance = Math.min(
          distance,
          rod(x, y, z, twig[joint - 1], twig[joint], 0.0125 - joint * 0.0022),
        )
      }
    }
  }
  for (const [bx, by, bz, radius] of berries) {
    distance = Math.min(distance, length(x - bx, y - by, z - bz) - radius)
  }
  return distance
}

function growBerries(random) {
  return TWIGS.flatMap((twig) =>
    Array.from({ length: 12 }, (_, index) => {
      const reach = 1.15 + (1.85 * (index + 0.6 * random())) / 12
      const joint = Math.floor(reach)
      const radius = 0.024 + 0.017 * random()
      const turn = random() * 2 * Math.PI
      const aside = [Math.cos(turn), 0.5 * Math.sin(turn), Math.sin(turn)]
      const centre = aside.map(
        (value, axis) =>
          mix(twig[joint][axis], twig[joint + 1][axis], reach - joint) + value * (radius + 0.008),
      )
      return [...centre, radius]
    }),
  )
}

function glazedClay(x, y, z) {
  const around = Math.atan2(x - VASE[0], z - VASE[2])
  const edge = 0.3 + 0.05 * Math.sin(around * 3 + 0.6) + 0.06 * (noise(around * 5 + 20, 3) - 0.5)
  const glazed = smoothstep(edge - 0.004, edge + 0.004, y)
  const grit = noise(around * 42 + 300, y * 105)
  const speck = smoothstep(0.86, 0.93, grit) * 0.75
  const cloud = fractal(noise, around * 4 + 40, y * 7, 3) - 0.5
  // The glaze is thin, and so darker, just above its edge.
  const thin = glazed * (1 - smoothstep(0, 0.045, y - edge))
  const colour = GLAZE.map((value, channel) => {
    const glaze = mix(value * (1 + cloud * 0.3), CLAY[channel], Math.max(speck, thin * 0.55))
    return mix(CLAY[channel] * (0.8 + grit * 0.4), glaze, glazed)
  })
  return { colour, gloss: 0.05 * glazed, rough: 0.03 }
}

function pearSkin(x, y, z) {
  if (y > 0.51) return { colour: STEM, gloss: 0, rough: 1 }
  const around = Math.atan2(x, z)
  const blush = smoothstep(
    0.42,
    0.75,
    fractal(noise, around * 1.2 + 7, y * 3 + 3, 3) + 0.16 * Math.sin(around - 0.6),
  )
  const dots = smoothstep(0.8, 0.9, noise(around * 26 + 90, y * 88)) * 0.4
  const russet = smoothstep(0.5, 0.8, fractal(noise, around * 5 + 50, y * 16, 4)) * 0.35
  const colour = PEAR.map((value, channel) => {
    const skin = mix(value, BLUSH[channel], blush * 0.8)
    return mix(skin, STEM[channel] * 1.8, Math.max(dots, russet))
  })
  return { colour, gloss: 0.035, rough: 0.16 }
}

function wood(x, z) {
  const wave = fractal(noise, x * 1.1 + 5, z * 3, 3) * 9
  const rings = 0.5 + 0.5 * Math.sin((z * 9 + wave) * 2.4)
  const fibre = fractal(noise, x * 7 + 60, z * 150, 3)
  const share = Math.min(1, Math.max(0, 0.55 * rings + 1.1 * (fibre - 0.35)))
  const colour = WOOD_DARK.map((value, channel) => mix(value, WOOD[channel], share))
  return { colour, gloss: 0.05, rough: 0.07 + 0.08 * fibre }
}
