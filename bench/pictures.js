import { randomFillSync } from 'node:crypto'
import sharp from 'sharp'

/**
 * A picture with a gradient and noise: about the size, compressed, that a photograph of its pixels has. Another one for each
 * seed.
 *
 * @returns {Promise<Buffer>} a PNG
 */
export async function drawPicture(seed, width = 200, height = 150) {
  const pixels = Buffer.alloc(width * height * 3)
  let state = seed + 1
  for (let index = 0; index < pixels.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    pixels[index] = (index / pixels.length) * 200 + (state >>> 28)
  }
  return encode(pixels, width, height)
}

/** Side of the largest square that may be doubled: 6.3 megapixels, of 25.3 in the result. */
const largestSide = 2514

/**
 * The largest PNG that is sent as it is and doubled: 19 MB, since it is not compressed. Of what is made of it next to nothing
 * is left, compressed: it is large patches of one colour.
 */
export async function drawPatches(seed) {
  const side = 12
  const patches = randomFillSync(Buffer.alloc(side * side * 3))
  patches[0] = seed
  const pixels = await sharp(patches, { raw: { width: side, height: side, channels: 3 } })
    .resize(largestSide, largestSide, { kernel: 'nearest', fit: 'fill' })
    .raw()
    .toBuffer()
  return encode(pixels, largestSide, largestSide, 0)
}

/** The same of nothing but noise, so that what is made of it is as large as results can be. */
export async function drawNoise() {
  const pixels = randomFillSync(Buffer.alloc(largestSide ** 2 * 3))
  return encode(pixels, largestSide, largestSide, 0)
}

async function encode(pixels, width, height, compressionLevel = 6) {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel })
    .toBuffer()
}
