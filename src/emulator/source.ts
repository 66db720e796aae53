import { createHash } from 'node:crypto'
import sharp from 'sharp'
import type { SourceFacts } from './records.ts'

/** The API's document: "The resulted image can't exceed maximum allowed size of 25.3 million pixels." */
const MAX_RESULT_PIXELS = 25_300_000

/**
 * Formats taken. The API's document names none; these three are known to be good, and a client that
 * sends another is not safe.
 */
const FORMATS = ['png', 'jpeg', 'webp'] as const

/**
 * Decodes the image of a request in full: a header alone says nothing about a truncated file.
 * Refuses by the header's size first, so a decompression bomb is never unpacked.
 * @returns its facts, or why it is refused.
 */
export async function inspectSource(bytes: Buffer, scale: number): Promise<SourceFacts | string> {
  let header: { width: number; height: number; format: string }
  try {
    header = await sharp(bytes, { limitInputPixels: false }).metadata()
  } catch {
    return 'could not be decoded'
  }
  const { width, height } = header
  const format = FORMATS.find((each) => each === header.format)
  if (!format) return `must be one of ${FORMATS.join(', ')}`
  const pixels = width * height * scale ** 2
  if (pixels > MAX_RESULT_PIXELS) {
    return `is too large: ${width * scale}x${height * scale} exceeds 25.3 million pixels`
  }
  try {
    await sharp(bytes, { limitInputPixels: MAX_RESULT_PIXELS }).raw().toBuffer()
  } catch {
    return 'could not be decoded'
  }
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    width,
    height,
    format,
  }
}
