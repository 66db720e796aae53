/** Pixels that are less opaque than this have colours that nobody has ever looked at, and that may be anything. */
const firmAlpha = 64
/** Those of pixels up to this one cannot be seen, however many of them there are. */
const unseenAlpha = 8

/** How much a pixel's own colour counts, by its alpha: rising smoothly, so that no edge comes of it. */
const weights: Float32Array = Float32Array.from({ length: 256 }, (_, alpha) => {
  const share = Math.min(Math.max((alpha - unseenAlpha) / (firmAlpha - unseenAlpha), 0), 1)
  return share * share * (3 - 2 * share)
})

/** A picture at half the size of the one before: red, green, blue (each multiplied by the weight) and the weight. */
interface Level {
  values: Float32Array
  width: number
  height: number
}

/** Floats of a level, and bytes of the picture, for each pixel. */
const channels = 4

/**
 * Makes a transparent picture opaque by letting the colours of what is seen run into what is not: whatever is made of it,
 * and whatever lies beneath it later, no ground shines through at its edges. A pyramid of ever smaller pictures is
 * averaged from the pixels that count, and what does not count is filled from it.
 *
 * @param rgba 8 bit each, not premultiplied
 * @param width pixels
 * @param height pixels
 * @returns red, green and blue, 8 bit each
 */
export function bleedColours(rgba: Buffer, width: number, height: number): Buffer {
  const levels: Level[] = [shrinkPixels(rgba, width, height)]
  for (let last = levels[0]; last && last.width * last.height > 1;) {
    last = shrinkLevel(last)
    levels.push(last)
  }
  for (let index = levels.length - 2; index >= 0; index--) {
    fillLevel(levels[index] as Level, levels[index + 1] as Level)
  }
  return fillPixels(rgba, width, height, levels[0] as Level)
}

/** The first level: what is seen of each four pixels. */
function shrinkPixels(rgba: Buffer, width: number, height: number): Level {
  const level = createLevel(width, height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels
      const to = ((y >> 1) * level.width + (x >> 1)) * channels
      const weight = weights[rgba[from + 3] as number] as number
      if (weight > 0) addColour(level.values, to, rgba, from, weight, weight)
    }
  }
  return saturate(level)
}

function shrinkLevel({ values, width, height }: Level): Level {
  const level = createLevel(width, height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels
      const to = ((y >> 1) * level.width + (x >> 1)) * channels
      addColour(level.values, to, values, from, 1, values[from + 3] as number)
    }
  }
  return saturate(level)
}

function createLevel(width: number, height: number): Level {
  const half = { width: (width + 1) >> 1, height: (height + 1) >> 1 }
  return { values: new Float32Array(half.width * half.height * channels), ...half }
}

function addColour(
  target: Float32Array,
  to: number,
  source: Buffer | Float32Array,
  from: number,
  factor: number,
  weight: number,
): void {
  for (let channel = 0; channel < 3; channel++) {
    target[to + channel] =
      (target[to + channel] as number) + (source[from + channel] as number) * factor
  }
  target[to + 3] = (target[to + 3] as number) + weight
}

/** One pixel that counts in full is enough for four: nothing is to shine through it from further away. */
function saturate(level: Level): Level {
  const { values } = level
  for (let at = 0; at < values.length; at += channels) {
    const weight = values[at + 3] as number
    if (weight <= 1) continue
    for (let channel = 0; channel < channels; channel++) {
      values[at + channel] = (values[at + channel] as number) / weight
    }
  }
  return level
}

/** Turns what a level holds into whole colours: what it lacks comes from the one above. */
function fillLevel({ values, width, height }: Level, above: Level): void {
  const fill = new Float32Array(3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels
      const lack = 1 - (values[at + 3] as number)
      if (lack <= 0) continue
      sample(above, x, y, fill)
      for (let channel = 0; channel < 3; channel++) {
        values[at + channel] = (values[at + channel] as number) + (fill[channel] as number) * lack
      }
    }
  }
}

function fillPixels(rgba: Buffer, width: number, height: number, above: Level): Buffer {
  const rgb = Buffer.allocUnsafe(width * height * 3)
  const fill = new Float32Array(3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x
      const weight = weights[rgba[pixel * channels + 3] as number] as number
      if (weight < 1) sample(above, x, y, fill)
      for (let channel = 0; channel < 3; channel++) {
        const own = rgba[pixel * channels + channel] as number
        const mixed = own * weight + (fill[channel] as number) * (1 - weight)
        rgb[pixel * 3 + channel] = Math.round(mixed)
      }
    }
  }
  return rgb
}

/**
 * The colour that a level has at a pixel of the one below, between its four nearest.
 *
 * @param x of the pixel below
 * @param y of the pixel below
 */
function sample({ values, width, height }: Level, x: number, y: number, into: Float32Array): void {
  // A pixel's middle lies a quarter away from the middle of the one above it, on the side of the next one.
  const column = x >> 1
  const row = y >> 1
  const nextColumn = Math.min(Math.max(column + (x & 1 ? 1 : -1), 0), width - 1)
  const nextRow = Math.min(Math.max(row + (y & 1 ? 1 : -1), 0), height - 1)
  const a = (row * width + column) * channels
  const b = (row * width + nextColumn) * channels
  const c = (nextRow * width + column) * channels
  const d = (nextRow * width + nextColumn) * channels
  for (let channel = 0; channel < 3; channel++) {
    into[channel] =
      ((values[a + channel] as number) * 9 +
        ((values[b + channel] as number) + (values[c + channel] as number)) * 3 +
        (values[d + channel] as number)) /
      16
  }
}
