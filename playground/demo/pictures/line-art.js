import sharp from 'sharp'
import { strokeText } from './stroke-font.js'

const WIDTH = 360
const HEIGHT = 330
const SCALE = 3.05
const AXIS = 130
const LEFT = 104

// A double Gauss after US patent 2,673,491 (Tronnier), scaled to 50 mm: for each surface its radius, the
// distance to the next one, the refractive index behind it, and the diameter, in mm. Radius 0 is the stop.
const SURFACES = [
  [29.475, 3.76, 1.67, 25.2],
  [84.83, 0.12, 1, 25.2],
  [19.275, 4.025, 1.67, 23],
  [40.77, 3.275, 1.699, 23],
  [12.75, 5.705, 1, 18],
  [0, 4.5, 1, 17.1],
  [-14.495, 1.18, 1.603, 17],
  [40.77, 6.065, 1.658, 20],
  [-20.385, 0.19, 1, 20],
  [437.065, 3.22, 1.717, 20],
  [-39.73, 0, 1, 20],
]
const LENSES = [
  [0, 1],
  [2, 3],
  [3, 4],
  [6, 7],
  [7, 8],
  [9, 10],
]

/** A drawing of a camera lens, its rays traced through the glass. */
export function drawLineArt() {
  const positions = []
  let position = 0
  for (const [, gap] of SURFACES) {
    positions.push(position)
    position += gap
  }
  const rays = [-11.4, -7.6, -3.8, 3.8, 7.6, 11.4].map((height) => traceRay(height, positions))
  const focus = rays.at(-1).at(-1)[0]

  const glass = LENSES.map(([front, back]) => {
    const half = Math.max(SURFACES[front][3], SURFACES[back][3]) / 2
    const forth = surfaceArc(front, half, positions)
    const home = surfaceArc(back, half, positions).toReversed()
    return `${polyline([...forth, ...home])}Z`
  })
  const stop = positions[5]
  const iris =
    polyline([
      [stop, 8.55],
      [stop, 13.6],
    ]) +
    polyline([
      [stop, -8.55],
      [stop, -13.6],
    ])

  const bottom = AXIS + 62
  const dimension = (from, to, y, label) => {
    const middle = (px(from) + px(to)) / 2
    const half = label.length * 3 + 3
    return {
      lines:
        `M${px(from)} ${y}H${middle - half}M${middle + half} ${y}H${px(to)}` +
        `M${px(from)} ${y - 5}V${y + 5}M${px(to)} ${y - 5}V${y + 5}` +
        arrow(px(from), y, 1) +
        arrow(px(to), y, -1),
      text: strokeText(label, { x: middle, y: y + 3, size: 6, anchor: 'middle' }),
    }
  }
  const last = positions[10]
  const dimensions = [
    dimension(0, last, bottom, `L ${last.toFixed(2)}`),
    dimension(last, focus, bottom, `BFL ${(focus - last).toFixed(2)}`),
    dimension(0, focus, bottom + 19, `TOTAL TRACK ${focus.toFixed(2)} MM`),
  ]

  const callouts = LENSES.map(([front, back], index) => {
    const x = px((positions[front] + positions[back]) / 2)
    const half = Math.max(SURFACES[front][3], SURFACES[back][3]) / 2
    const to = { x: 82 + index * 28 + (index > 2 ? 14 : 0), y: 64 }
    return {
      lines:
        `M${x} ${AXIS - (half - 2.2) * SCALE}L${to.x} ${to.y + 7}` +
        circle(to.x, to.y, 7) +
        circle(x, AXIS - (half - 2.2) * SCALE, 0.6),
      text: strokeText(String(index + 1), { x: to.x, y: to.y + 3, size: 6, anchor: 'middle' }),
    }
  })

  const sensor = `M${px(focus)} ${AXIS - 37}V${AXIS + 37}M${px(focus) + 3} ${AXIS - 37}V${AXIS + 37}`
  const hatching = Array.from({ length: 18 }, (_, index) => {
    const y = AXIS - 35 + index * 4
    return `M${px(focus)} ${y + 2}l3 -3`
  })

  const text = [
    strokeText('FIG. 4', { x: 20, y: 32, size: 10 }),
    strokeText('DOUBLE GAUSS OBJECTIVE', { x: 20, y: 45, size: 6 }),
    strokeText('50 MM  1:2', { x: 340, y: 32, size: 10, anchor: 'end' }),
    strokeText('SCALE 3:1', { x: 340, y: 45, size: 6, anchor: 'end' }),
    strokeText('STOP', { x: px(stop), y: AXIS + 53, size: 5, anchor: 'middle' }),
    strokeText('IMAGE', { x: px(focus) + 8, y: AXIS - 26, size: 5 }),
    strokeText('PLANE', { x: px(focus) + 8, y: AXIS - 18, size: 5 }),
    strokeText('F', { x: px(focus) + 8, y: AXIS - 3, size: 6 }),
  ]

  const table = drawTable(28.5, 240.5)
  const fine = [
    ...dimensions.map((part) => part.lines),
    ...callouts.map((part) => part.lines),
    ...hatching,
    table.lines,
    drawFront(284, 266),
    `M${px(0)} ${AXIS + 44}V${bottom + 26}M${px(last)} ${AXIS + 36}V${bottom + 5}M${px(focus)} ${AXIS + 40}V${bottom + 26}`,
    `M${px(stop)} ${AXIS + 43}V${AXIS + 46}`,
  ]
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
    <rect width="100%" height="100%" fill="#f7f3e8"/>
    <path d="${glass.join('')}" fill="#cfe0dc" fill-opacity=".55"/>
    <g fill="none" stroke="#1c2b3a" stroke-linecap="round" stroke-linejoin="round">
      <rect x="8.5" y="8.5" width="${WIDTH - 17}" height="${HEIGHT - 17}" stroke-width=".8"/>
      <rect x="11.5" y="11.5" width="${WIDTH - 23}" height="${HEIGHT - 23}" stroke-width=".4"/>
      <path d="M22 ${AXIS}H338" stroke-width=".6" stroke-dasharray="9 3 1.5 3"/>
      <path d="${rays.map(polyline).join('')}" stroke="#b3402f" stroke-width=".6"/>
      <path d="${glass.join('')}" stroke-width="1.1"/>
      <path d="${iris}" stroke-width="2.2" stroke-linecap="butt"/>
      <path d="${sensor}" stroke-width=".9"/>
      <path d="${fine.join('')}" stroke-width=".55"/>
      <path d="${[...text, ...dimensions.map((part) => part.text), ...callouts.map((part) => part.text), table.text].join('')}" stroke-width=".8"/>
    </g>
  </svg>`
  return sharp(Buffer.from(svg))
    .removeAlpha()
    .png({ palette: true, colours: 64, effort: 10 })
    .toBuffer()
}

/** Pixels from the left of a point `x` mm behind the first surface. */
function px(x) {
  return LEFT + x * SCALE
}

function polyline(points) {
  return `M${points.map(([x, y]) => `${px(x).toFixed(2)} ${(AXIS - y * SCALE).toFixed(2)}`).join('L')}`
}

/** Points of a surface from its upper rim to its lower one, in mm. */
function surfaceArc(index, half, positions) {
  return Array.from({ length: 49 }, (_, step) => {
    const y = half * (1 - step / 24)
    // A surface narrower than the glass it is ground into ends in a flat ring.
    const ground = Math.min(Math.abs(y), SURFACES[index][3] / 2)
    return [positions[index] + sag(SURFACES[index][0], ground), y]
  })
}

function sag(radius, y) {
  return radius === 0 ? 0 : radius - Math.sign(radius) * Math.sqrt(radius ** 2 - y ** 2)
}

/** The path of a ray that comes in parallel to the axis, refracted by Snell's law, to where it meets the axis. */
function traceRay(height, positions) {
  const points = [[-24, height]]
  let [x, y] = points[0]
  let [dx, dy] = [1, 0]
  let before = 1
  for (const [index, [radius, , after]] of SURFACES.entries()) {
    if (radius === 0) continue
    const centre = positions[index] + radius
    // The crossing with the circle that lies at the vertex, not the one on the far side.
    const along = (x - centre) * dx + y * dy
    const root = Math.sqrt(along ** 2 - ((x - centre) ** 2 + y ** 2 - radius ** 2))
    const reach = -along - Math.sign(radius) * root
    x += dx * reach
    y += dy * reach
    points.push([x, y])
    const nx = (x - centre) / radius
    const ny = y / radius
    const ratio = before / after
    const incidence = -(dx * nx + dy * ny)
    const bend = ratio * incidence - Math.sqrt(1 - ratio ** 2 * (1 - incidence ** 2))
    dx = ratio * dx + bend * nx
    dy = ratio * dy + bend * ny
    before = after
  }
  points.push([x - (y / dy) * dx, 0])
  return points
}

/** The front of the lens: its rings, and an iris of nine blades. */
function drawFront(x, y) {
  const rings = [12.6, 14.4, 15].map((radius) => circle(x, y, radius * 2.6))
  const blades = Array.from({ length: 9 }, (_, index) => {
    const turn = (index / 9) * 2 * Math.PI
    const [before, corner, rim] = [
      polar(x, y, 13, turn - (2 * Math.PI) / 9),
      polar(x, y, 13, turn),
      polar(x, y, 32.7, turn + 1.15),
    ]
    return `M${before}L${corner}A40 40 0 0 1 ${rim}`
  })
  const ticks = Array.from({ length: 60 }, (_, index) => {
    const angle = (index / 60) * 2 * Math.PI
    return `M${polar(x, y, index % 5 === 0 ? 41.5 : 43, angle)}L${polar(x, y, 45, angle)}`
  })
  const cross = `M${x - 50} ${y}h6M${x + 44} ${y}h6M${x} ${y - 50}v6M${x} ${y + 44}v6`
  return [...rings, ...blades, ...ticks, cross].join('')
}

/** Radii, thicknesses and indices of some of the surfaces. */
function drawTable(left, top) {
  const columns = [0, 26, 76, 126, 172]
  const head = ['', 'R MM', 'D MM', 'ND']
  const rows = [0, 2, 3, 4].map((index) => {
    const [radius, gap, refraction] = SURFACES[index]
    return [`R${index + 1}`, radius.toFixed(2), gap.toFixed(2), refraction.toFixed(3)]
  })
  const cells = [head, ...rows]
  const text = cells.flatMap((row, line) =>
    row.map((cell, column) =>
      strokeText(cell, { x: left + columns[column] + 5, y: top + 9 + line * 12, size: 5.5 }),
    ),
  )
  const bottom = top + cells.length * 12
  const lines = [
    ...cells.map((_, line) => `M${left} ${top + line * 12}h172`),
    `M${left} ${bottom}h172`,
    ...columns.map((column) => `M${left + column} ${top}V${bottom}`),
  ]
  return { lines: lines.join(''), text: text.join('') }
}

function polar(x, y, radius, angle) {
  return `${(x + radius * Math.cos(angle)).toFixed(2)} ${(y + radius * Math.sin(angle)).toFixed(2)}`
}

function arrow(x, y, direction) {
  return `M${x + direction * 5} ${y - 1.6}L${x} ${y}L${x + direction * 5} ${y + 1.6}`
}

function circle(x, y, radius) {
  return `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${radius * 2} 0a${radius} ${radius} 0 1 0 ${-radius * 2} 0`
}
