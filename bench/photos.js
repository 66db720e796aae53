import sharp from 'sharp'

const [width, height] = [1152, 896]

/**
 * Makes pictures of a megapixel each that compress as photographs do: smooth shapes of several sizes, and a little noise.
 * No two are alike.
 *
 * @param {number} count
 * @param {'png' | 'jpg'} extension
 * @returns {Promise<Buffer[]>} files
 */
export async function makePhotos(count, extension) {
  const pixels = await drawPhoto()
  const numbers = Array.from({ length: count }, (_, index) => index)
  return Promise.all(
    numbers.map(async (number) => {
      // The same picture, rolled around by some rows.
      const offset = Math.floor((number * height) / count) * width * 3
      const rolled = Buffer.concat([pixels.subarray(offset), pixels.subarray(0, offset)])
      const image = sharp(rolled, { raw: { width, height, channels: 3 } })
      const encoded = extension === 'png' ? image.png() : image.jpeg({ quality: 85 })
      return encoded.toBuffer()
    }),
  )
}

async function drawPhoto() {
  const random = createRandom()
  const sum = new Float32Array(width * height * 3).fill(128)
  const layers = [
    { cells: 4, amplitude: 110 },
    { cells: 16, amplitude: 50 },
    { cells: 64, amplitude: 25 },
    { cells: 256, amplitude: 12 },
  ]
  for (const { cells, amplitude } of layers) {
    const size = { width: cells, height: Math.round((cells * height) / width) }
    const coarse = Uint8Array.from({ length: size.width * size.height * 3 }, () => random() * 256)
    const smooth = await sharp(coarse, { raw: { ...size, channels: 3 } })
      .resize(width, height, { fit: 'fill', kernel: 'cubic' })
      .raw()
      .toBuffer()
    for (const [index, value] of smooth.entries()) sum[index] += (value / 128 - 1) * amplitude
  }
  const pixels = Buffer.alloc(sum.length)
  for (const [index, value] of sum.entries()) {
    const noise = (random() + random() + random() - 1.5) * 6
    pixels[index] = Math.max(0, Math.min(255, value + noise))
  }
  return pixels
}

/** The same numbers every time, from 0 to 1. */
function createRandom() {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
