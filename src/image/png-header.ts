/** The signature of a PNG and its header, which comes first in every one (PNG, 5.2 and 11.2.1), bytes. */
export const pngHeaderBytes: number = 8 + 25
/** What comes before the figures of the header: the signature, the length 13, and the type. */
const start = '89504e470d0a1a0a0000000d49484452'

/** Whether bytes begin as every PNG does, with its header. */
export function startsPng(bytes: Buffer): boolean {
  return bytes.toString('hex', 0, start.length / 2) === start
}

/**
 * The size that a PNG's header tells, without the pixels library.
 *
 * @param bytes the file's first ones
 * @returns pixels; `undefined` where they do not begin a PNG
 */
export function readPngSize(bytes: Buffer): { width: number; height: number } | undefined {
  if (bytes.length < pngHeaderBytes || !startsPng(bytes)) return undefined
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
}
