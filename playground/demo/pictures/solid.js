// Distances to solids, and the vectors to walk them with. All distances are exact or a little short, so that a
// step along a ray never passes through a wall. Math.hypot is avoided: it is ten times as slow as a root.

/** Distance from a point to an ellipsoid round the origin. */
export function ellipsoid(x, y, z, rx, ry, rz) {
  const near = length(x / rx, y / ry, z / rz)
  const slope = length(x / (rx * rx), y / (ry * ry), z / (rz * rz))
  return slope === 0 ? -Math.min(rx, ry, rz) : (near * (near - 1)) / slope
}

/** Distance from a point to a rod from `from` to `to`. */
export function rod(x, y, z, from, to, radius) {
  const ax = to[0] - from[0]
  const ay = to[1] - from[1]
  const az = to[2] - from[2]
  const px = x - from[0]
  const py = y - from[1]
  const pz = z - from[2]
  const share = Math.min(
    1,
    Math.max(0, (px * ax + py * ay + pz * az) / (ax * ax + ay * ay + az * az)),
  )
  return length(px - ax * share, py - ay * share, pz - az * share) - radius
}

/** Both solids, with a fillet `soft` wide where they meet. */
export function join(first, second, soft) {
  const overlap = Math.max(soft - Math.abs(first - second), 0) / soft
  return Math.min(first, second) - overlap * overlap * soft * 0.25
}

/** The first solid without the second, the edge rounded by `soft`. */
export function carve(body, tool, soft) {
  return -join(-body, tool, soft)
}

/**
 * How far along a ray the solid lies, or `undefined` when it is not within `to`.
 * @param {(x: number, y: number, z: number) => number} distanceTo
 */
export function march(distanceTo, origin, direction, from, to) {
  let reach = from
  for (let step = 0; step < 96 && reach < to; step++) {
    const distance = distanceTo(
      origin[0] + direction[0] * reach,
      origin[1] + direction[1] * reach,
      origin[2] + direction[2] * reach,
    )
    if (distance < 0.0012) return reach
    reach += distance * 0.9
  }
  return undefined
}

/** The direction away from the solid, at a point on it. */
export function normalAt(distanceTo, [x, y, z]) {
  const e = 0.0015
  return normalise([
    distanceTo(x + e, y, z) - distanceTo(x - e, y, z),
    distanceTo(x, y + e, z) - distanceTo(x, y - e, z),
    distanceTo(x, y, z + e) - distanceTo(x, y, z - e),
  ])
}

export function length(x, y, z) {
  return Math.sqrt(x * x + y * y + z * z)
}

export function add(first, second, factor) {
  return [
    first[0] + second[0] * factor,
    first[1] + second[1] * factor,
    first[2] + second[2] * factor,
  ]
}

export function dot(first, second) {
  return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]
}

export function cross(first, second) {
  return [
    first[1] * second[2] - first[2] * second[1],
    first[2] * second[0] - first[0] * second[2],
    first[0] * second[1] - first[1] * second[0],
  ]
}

export function normalise(vector) {
  const size = length(vector[0], vector[1], vector[2])
  return [vector[0] / size, vector[1] / size, vector[2] / size]
}
