import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { constants, copyFile, open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

/** Chunks that say what the numbers of a PNG's pixels mean. */
const colourChunks = ['sRGB', 'iCCP', 'cICP', 'gAMA']
/** `sRGB`, perceptual: length, type, one byte, checksum (PNG, 11.3.2.5). */
const srgbChunk: Buffer = Buffer.from('000000017352474200aece1ce9', 'hex')
/** The signature and the header, which comes first in every PNG. */
const headerEnd = 8 + 25
const headerStart = '89504e470d0a1a0a0000000d49484452'

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
  if (!(await isUntaggedPng(file))) {
    // Sharing its blocks where the file system can.
    await copyFile(file, target, constants.COPYFILE_FICLONE)
    return { bytes: (await stat(target)).size }
  }
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(
    createReadStream(file),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const piece of insertTag(chunks)) {
        hash.update(piece)
        bytes += piece.length
        yield piece
      }
    },
    createWriteStream(target),
  )
  return { bytes, sha256: hash.digest('hex') }
}

async function* insertTag(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let position = 0
  for await (const chunk of chunks) {
    // Where the header ends in this piece, if it does.
    const split = headerEnd - position
    if (split > 0 && split <= chunk.length) {
      yield chunk.subarray(0, split)
      yield srgbChunk
      yield chunk.subarray(split)
    } else yield chunk
    position += chunk.length
  }
}

/** Whether a file is a PNG in which nothing says before the pixels what they mean. */
async function isUntaggedPng(file: string): Promise<boolean> {
  const handle = await open(file, 'r')
  try {
    const start = Buffer.alloc(headerStart.length / 2)
    await handle.read(start, 0, start.length, 0)
    if (start.toString('hex') !== headerStart) return false
    const head = Buffer.alloc(8)
    for (let position = headerEnd; ;) {
      const { bytesRead } = await handle.read(head, 0, 8, position)
      const type = head.toString('latin1', 4, 8)
      if (bytesRead < 8 || colourChunks.includes(type)) return false
      if (type === 'IDAT') return true
      // length, type, data, checksum
      position += 12 + head.readUInt32BE(0)
    }
  } finally {
    await handle.close()
  }
}
