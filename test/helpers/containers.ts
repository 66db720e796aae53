import { crc32 } from 'node:zlib'

/** The chunks of a PNG in order; each is whole, or an error is thrown. */
export function listChunks(png: Buffer): string[] {
  const types: string[] = []
  let at = 8
  while (at < png.length) {
    const length = png.readUInt32BE(at)
    types.push(png.toString('latin1', at + 4, at + 8))
    const end = at + 8 + length
    if (crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) throw new Error('A bad CRC.')
    at = end + 4
  }
  return types
}

/** The markers of a JPEG up to its first scan, and the place behind each segment. */
export function listSegments(jpeg: Buffer): string[] {
  const markers: string[] = []
  for (let at = 2; markers.at(-1) !== 'da';) {
    if (jpeg[at] !== 0xff) throw new Error('No marker.')
    markers.push((jpeg[at + 1] ?? 0).toString(16))
    at += 2 + jpeg.readUInt16BE(at + 2)
  }
  return markers
}
