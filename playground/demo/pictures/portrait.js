import { createRandom, mix, smoothstep } from './random.js'
import { linear, rasterise } from './raster.js'
import { add, cross, dot, march, normalAt, normalise } from './solid.js'
import { distanceTo, materialAt } from './still-life.js'

const WIDTH = 320
const HEIGHT = 400

// A long lens, wide open, focused on the front of the vase.
const EYE = [0.05, 1.28, 5]
const TARGET = [0.05, 0.8, 0]
const VIEW = 0.2
const FOCUS = 4.8
const APERTURE = 0.055
const AHEAD = normalise(add(TARGET, EYE, -1))
const RIGHT = normalise(cross(AHEAD, [0, 1, 0]))
const UP = cross(RIGHT, AHEAD)

// A window on the left: its centre, the half-widths along z and y, and its panes.
const WINDOW = { x: -2.5, y: 1.75, z: 0.75, wide: 0.7, high: 1.05, light: [15.5, 14.6, 13.4] }
const LAMP = { centre: [2.5, 1.7, -1.6], size: 0.4, light: [9, 4.8, 2.1] }

/** A vase, berries and pears by a window, the lamps of the room out of focus. */
export function drawPortrait() {
  const random = createRandom(11)
  const bokeh = createBokeh(createRandom(29))
  const behind = (direction) => {
    const depth = dot(direction, AHEAD)
    const x = dot(direction, RIGHT) / depth / VIEW
    const y = dot(direction, UP) / depth / VIEW
    return depth > 0 ? roomBehind(x, y, bokeh) : [0.03, 0.035, 0.04]
  }
  const shade = (px, py) => {
    const x = ((px - WIDTH / 2) / (HEIGHT / 2)) * VIEW
    const y = ((HEIGHT / 2 - py) / (HEIGHT / 2)) * VIEW
    // A thin lens: all rays of a pixel meet in the plane of focus.
    const angle = random() * 2 * Math.PI
    const radius = APERTURE * Math.sqrt(random())
    const eye = add(add(EYE, RIGHT, radius * Math.cos(angle)), UP, radius * Math.sin(angle))
    const through = add(add(add(EYE, AHEAD, FOCUS), RIGHT, x * FOCUS), UP, y * FOCUS)
    const ray = normalise(add(through, eye, -1))
    const reach = march(distanceTo, eye, ray, 3.4, 8)
    const colour = reach
      ? light(add(eye, ray, reach), ray, random, behind)
      : roomBehind(x / VIEW, y / VIEW, bokeh)
    const vignette = 1 - 0.45 * ((px / WIDTH - 0.5) ** 2 + (py / HEIGHT - 0.5) ** 2)
    return colour.map((value) => film(value * vignette))
  }
  return rasterise({ width: WIDTH, height: HEIGHT, samples: 4, grain: 2.6, seed: 12, shade })
    .webp({ quality: 91, effort: 6, smartSubsample: true })
    .toBuffer()
}

/** Light at a point: the window, the lamp, the room around it, and what the surface mirrors. */
function light(point, ray, random, behind) {
  const normal = normalAt(distanceTo, point)
  const start = add(point, normal, 0.003)
  const { colour, gloss, rough } = materialAt(point)
  const sum = [0, 0, 0]
  const shine = (spot, power, tilt) => {
    const towards = add(spot, start, -1)
    const distance = Math.sqrt(dot(towards, towards))
    const direction = towards.map((value) => value / distance)
    const facing = dot(normal, direction)
    if (facing <= 0 || march(distanceTo, start, direction, 0.01, distance)) return
    const strength = (facing * tilt(direction)) / (distance * distance)
    for (let channel = 0; channel < 3; channel++) {
      sum[channel] += colour[channel] * power[channel] * strength
    }
  }
  const pane = [
    WINDOW.x,
    WINDOW.y + (2 * random() - 1) * WINDOW.high,
    WINDOW.z + (2 * random() - 1) * WINDOW.wide,
  ]
  shine(pane, WINDOW.light, (direction) => Math.max(0, -direction[0]))
  shine(
    LAMP.centre.map((value) => value + (2 * random() - 1) * LAMP.size),
    LAMP.light,
    () => 1,
  )

  const bounce = normalise(add(normal, onSphere(random), 1))
  const blocked = march(distanceTo, start, bounce, 0.01, 1.5)
  const ambient = blocked ? [0.035, 0.022, 0.016] : roomAround(bounce)
  for (let channel = 0; channel < 3; channel++) sum[channel] += colour[channel] * ambient[channel]

  if (gloss > 0) {
    const mirrored = normalise(
      add(add(ray, normal, -2 * dot(ray, normal)), onSphere(random), rough),
    )
    const fresnel = gloss + (1 - gloss) * 0.45 * (1 - Math.max(0, -dot(ray, normal))) ** 5
    if (dot(mirrored, normal) > 0) {
      const seen = march(distanceTo, start, mirrored, 0.01, 3)
        ? [0.045, 0.03, 0.022]
        : reflection(start, mirrored, behind)
      for (let channel = 0; channel < 3; channel++) sum[channel] += fresnel * seen[channel]
    }
  }
  return sum
}

/** What a mirror sees where no thing is in the way: the window with its bars, else the room. */
function reflection(start, direction, behind) {
  if (direction[0] < 0) {
    const reach = (WINDOW.x - start[0]) / direction[0]
    const y = (start[1] + direction[1] * reach - WINDOW.y) / WINDOW.high
    const z = (start[2] + direction[2] * reach - WINDOW.z) / WINDOW.wide
    const bar = Math.abs(z) < 0.06 || Math.abs(y - 0.15) < 0.045
    if (Math.abs(y) < 1 && Math.abs(z) < 1) return bar ? [0.3, 0.3, 0.3] : WINDOW.light
  }
  return direction[2] < 0 ? behind(direction) : roomAround(direction)
}

/** Light from the walls: cool from above and the window's side, warm from the other. */
function roomAround([x, y]) {
  const up = y * 0.5 + 0.5
  const side = 0.5 - x * 0.5
  return [mix(0.05, 0.13, up), mix(0.04, 0.17, up * side), mix(0.035, 0.22, up * side)]
}

/** The room behind the table, far out of focus; x and y from −1 to 1 over the picture's height. */
function roomBehind(x, y, bokeh) {
  const glow = Math.exp(-Math.hypot(x + 0.75, y - 0.5) * 1.25)
  const dark = linear('#0d1315')
  const bright = linear('#5b7377')
  const sum = dark.map((value, channel) => mix(value, bright[channel], glow * 0.85))
  for (const disc of bokeh) {
    const distance = Math.hypot(x - disc.x, y - disc.y) / disc.radius
    if (distance > 1.08) continue
    // A fast lens draws a lamp as a disc with a brighter rim.
    const strength =
      (1 - smoothstep(0.93, 1.07, distance)) * mix(0.6, 1, smoothstep(0.4, 0.95, distance))
    for (let channel = 0; channel < 3; channel++) sum[channel] += disc.colour[channel] * strength
  }
  return sum
}

function createBokeh(random) {
  const colours = ['#e8a055', '#d9773c', '#f0c27a', '#c85a3a', '#7fa3a0'].map(linear)
  return Array.from({ length: 34 }, () => {
    const strength = 0.04 + 0.3 * random() ** 2
    const colour = colours[Math.floor(random() * colours.length)]
    return {
      x: -0.1 + 1.05 * Math.sqrt(random()),
      y: -0.35 + 1.3 * random(),
      radius: 0.07 + 0.075 * random(),
      colour: colour.map((value) => value * strength),
    }
  })
}

/** The response of film: a toe, and a shoulder that rolls the highlights off. */
function film(value) {
  const exposed = Math.max(0, value * 1.05)
  return (exposed * (2.3 * exposed + 0.12)) / (exposed * (2.1 * exposed + 0.6) + 0.1)
}

function onSphere(random) {
  const height = 1 - 2 * random()
  const angle = 2 * Math.PI * random()
  const flat = Math.sqrt(1 - height * height)
  return [flat * Math.cos(angle), height, flat * Math.sin(angle)]
}
