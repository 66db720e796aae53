import { createHash } from 'node:crypto'
import { constants, copyFile, open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { pngHeaderBytes, startsPng } from './png-header.ts'

/** Chunks that say what the numbers of a PNG's pixels mean. */
const colourChunks = ['sRGB', 'iCCP', 'cICP', 'gAMA']
/** `sRGB`, perceptual: length, type, one byte, checksum (PNG, 11.3.2.5). */
const srgbChunk: Buffer = Buffer.from('000000017352474200aece1ce9', 'hex')
/** What is read at once, bytes: the way to another thread and back takes longer than most pictures do. */
const pieceSize = 1024 * 1024

/**
 * Copies a picture and says of it that it is sRGB, as what comes from the API is: where a PNG says nothing of its colours,
 * what it looks like is left to whoever shows it. No pixel is touched, and what is no PNG, or says something, is copied as
 * it is. The pixels library is not needed for it.
 *
 * @param target is replaced if it is there
 * @returns the target's size, and its SHA-256 where it is not that of the file any more
 * @throws the error of node:fs
 */
export async function copyTagged(
  file: string,
  target: string,
): Promise<{ bytes: number; sha256?: string }> {
  const source = await open(file, 'r')
  try {
    const { size } = await source.stat()
    // With room for the tag before the first piece.
    const buffer = Buffer.allocUnsafe(srgbChunk.length + Math.min(size, pieceSize))
    const first = await readPiece(source, buffer.subarray(srgbChunk.length), 0)
    if (await isUntaggedPng(first, source)) {
      buffer.copyWithin(0, srgbChunk.length, srgbChunk.length + pngHeaderBytes)
      srgbChunk.copy(buffer, pngHeaderBytes)
      return await copyFrom(source, buffer, srgbChunk.length + first.length, target)
    }
  } finally {
    await source.close()
  }
  // Sharing its blocks where the file system can.
  await copyFile(file, target, constants.COPYFILE_FICLONE)
  return { bytes: (await stat(target)).size }
}

/**
 * Writes what a buffer holds, and then what follows of the source, through the same buffer.
 *
 * @param filled bytes in the buffer, the tag's among them
 */
async function copyFrom(
  source: FileHandle,
  buffer: Buffer,
  filled: number,
  target: string,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  const copy = await open(target, 'w')
  try {
    let piece = buffer.subarray(0, filled)
    let bytes = 0
    while (piece.length > 0) {
      // From where the last piece ended; hashed while it is written.
      const written = copy.writeFile(piece)
      hash.update(piece)
      await written
      bytes += piece.length
      piece = await readPiece(source, buffer, bytes - srgbChunk.length)
    }
    return { bytes, sha256: hash.digest('hex') }
  } finally {
    await copy.close()
  }
}

async function readPiece(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
  return buffer.subarray(0, bytesRead)
}

/** Whether a file is a PNG in which nothing says before the pixels what they mean. */
async function isUntaggedPng(first: Buffer, source: FileHandle): Promise<boolean> {
  if (!startsPng(first)) return false
  for (let position = pngHeaderBytes; ;) {
    const isHere = position + 8 <= first.length
    const head = isHere
      ? first.subarray(position, position + 8)
      : await readPiece(source, Buffer.alloc(8), position)
    const type = head.toString('latin1', 4, 8)
    if (head.length < 8 || colourChunks.includes(type)) return false
    if (type === 'IDAT') return true
    // length, type, data, checksum
    position += 12 + head.readUInt32BE(0)
  }
}
