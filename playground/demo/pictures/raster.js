import sharp from 'sharp'
import { createRandom } from './random.js'

/**
 * A sharp image from a function of the plane: `shade(x, y)` gives linear RGB at a point in pixels,
 * and each pixel is the mean of `samples`² jittered points.
 * @param {{ width: number, height: number, samples: number, grain: number, seed: number,
 *   shade: (x: number, y: number) => number[] }} picture
 *   `grain`: standard deviation of the film grain, in 8-bit steps
 */
export function rasterise({ width, height, samples, grain, seed, shade }) {
  const random = createRandom(seed)
  const pixels = Buffer.alloc(width * height * 3)
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const sum = [0, 0, 0]
      for (let index = 0; index < samples * samples; index++) {
        const x = column + ((index % samples) + random()) / samples
        const y = row + (Math.floor(index / samples) + random()) / samples
        const colour = shade(x, y)
        for (let channel = 0; channel < 3; channel++) sum[channel] += colour[channel]
      }
      // One grain for the three channels, as on film: coloured grain would read as a sensor's noise.
      const offset = grain * (random() + random() + random() + random() - 2) * Math.sqrt(3)
      for (let channel = 0; channel < 3; channel++) {
        const value = encode(sum[channel] / (samples * samples)) + offset
        pixels[(row * width + column) * 3 + channel] = Math.min(255, Math.max(0, Math.round(value)))
      }
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

/** Linear RGB of a CSS hex colour. */
export function linear(hex) {
  return [1, 3, 5].map((start) => (parseInt(hex.slice(start, start + 2), 16) / 255) ** 2.2)
}

function encode(value) {
  return 255 * Math.min(1, Math.max(0, value)) ** (1 / 2.2)
}
