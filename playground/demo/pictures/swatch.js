import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

const CELL = 60
const COLUMNS = 8
const ROWS = 4

/**
 * Colours of the Display P3 gamut, most of which sRGB cannot show, with the profile that says so. Read without it, they
 * would look pale.
 */
export async function drawSwatch() {
  const [width, height] = [COLUMNS * CELL, ROWS * CELL]
  const pixels = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const hue = (Math.floor(x / CELL) / COLUMNS) * 6
      const row = Math.floor(y / CELL)
      const strength = [1, 0.75, 0.5, 0.25][row] ?? 1
      const colour = [5, 3, 1].map((offset) => {
        const k = (offset + hue) % 6
        return 1 - strength * Math.max(0, Math.min(1, Math.min(k, 4 - k)))
      })
      // A dark gap between the cells.
      const isGap = x % CELL < 2 || y % CELL < 2
      for (let channel = 0; channel < 3; channel++) {
        pixels[(y * width + x) * 3 + channel] = isGap ? 24 : Math.round(colour[channel] * 255)
      }
    }
  }
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer()
  return insertProfile(png, await readP3())
}

/** The profile that sharp brings along. */
async function readP3() {
  const blank = { width: 1, height: 1, channels: 3, background: '#fff' }
  const tagged = await sharp({ create: blank }).withIccProfile('p3').png().toBuffer()
  return (await sharp(tagged).metadata()).icc
}

/** Says of the numbers in a PNG what they mean, without changing them: sharp would convert them. */
function insertProfile(png, profile) {
  const data = Buffer.concat([Buffer.from('Display P3\0\0', 'latin1'), deflateSync(profile)])
  const body = Buffer.concat([Buffer.from('iCCP'), data])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(data.length, 0)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  const afterHeader = 33
  return Buffer.concat([png.subarray(0, afterHeader), chunk, png.subarray(afterHeader)])
}
