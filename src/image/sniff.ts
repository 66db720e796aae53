import { open } from 'node:fs/promises'

/** What a file is by its first bytes, whatever its name says. */
export type SniffedFormat =
  | 'png'
  | 'jpeg'
  | 'webp'
  | 'avif'
  | 'heif'
  | 'gif'
  | 'tiff'
  | 'bmp'
  | 'svg'
  | 'html'
  | 'lfs'
  | 'empty'
  | 'unknown'

/** Enough for every magic number, and for an XML prologue before `<svg`. */
const sniffedBytes = 1024

/**
 * Reads the first bytes of a file and tells what they begin.
 *
 * @throws the error of node:fs where the file cannot be read
 */
export async function sniffFile(file: string): Promise<SniffedFormat> {
  return sniffBytes(await readStart(file))
}

/**
 * The first bytes of a file, as many as a look at them needs.
 *
 * @throws the error of node:fs where the file cannot be read
 */
export async function readStart(file: string): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(sniffedBytes), 0, sniffedBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Tells a format by its magic number. */
export function sniffBytes(bytes: Buffer): SniffedFormat {
  if (bytes.length === 0) return 'empty'
  const hex = bytes.toString('hex', 0, 8)
  const text = bytes.toString('latin1')
  if (hex === '89504e470d0a1a0a') return 'png'
  if (hex.startsWith('ffd8ff')) return 'jpeg'
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'webp'
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif'
  if (hex.startsWith('49492a00') || hex.startsWith('4d4d002a')) return 'tiff'
  if (text.slice(4, 8) === 'ftyp') return /avi[fs]/.test(text.slice(8, 32)) ? 'avif' : 'heif'
  if (
    /^(?:\xEF\xBB\xBF)?\s*(?:<\?xml|<!--|<!doctype svg|<svg)/i.test(text) &&
    /<svg[\s>]/i.test(text)
  )
    return 'svg'
  if (/^\s*<(?:!doctype html|html|head|body)/i.test(text)) return 'html'
  if (text.startsWith('version https://git-lfs')) return 'lfs'
  if (text.startsWith('BM')) return 'bmp'
  return 'unknown'
}
