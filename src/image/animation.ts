import { open } from 'node:fs/promises'
import type { SniffedFormat } from './sniff.ts'

/**
 * Whether a picture is one of several that libvips does not count: it reads the first one and says nothing.
 *
 * @throws the error of node:fs where the file cannot be read
 */
export async function isAnimated(file: string, format: SniffedFormat): Promise<boolean> {
  if (format === 'png') return isAnimatedPng(file)
  return format === 'avif' && isAvifSequence(file)
}

/** Whether the major brand of an AVIF is that of a sequence. */
async function isAvifSequence(file: string): Promise<boolean> {
  const handle = await open(file, 'r')
  try {
    const { buffer } = await handle.read(Buffer.alloc(12), 0, 12, 0)
    return buffer.toString('latin1', 8, 12) === 'avis'
  } finally {
    await handle.close()
  }
}

/** Whether a PNG has an `acTL` chunk before its first `IDAT`. */
async function isAnimatedPng(file: string): Promise<boolean> {
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
