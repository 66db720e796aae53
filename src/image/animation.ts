import { open } from 'node:fs/promises'

/**
 * Whether a PNG is an animated one: it has an `acTL` chunk before its first `IDAT`. libvips reads the first frame of
 * such a file and says nothing.
 *
 * @throws the error of node:fs where the file cannot be read
 */
export async function isAnimatedPng(file: string): Promise<boolean> {
  const handle = await open(file, 'r')
  try {
    const header = Buffer.alloc(8)
    for (let position = 8; ;) {
      const { bytesRead } = await handle.read(header, 0, 8, position)
      if (bytesRead < 8) return false
      const type = header.toString('latin1', 4, 8)
      if (type === 'acTL') return true
      if (type === 'IDAT' || type === 'IEND') return false
      // length, type, data, checksum
      position += 12 + header.readUInt32BE(0)
    }
  } finally {
    await handle.close()
  }
}
