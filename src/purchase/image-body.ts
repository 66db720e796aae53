import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { ImageBody } from '../api/post.ts'
import { MagnificError } from '../core/errors.ts'
import type { SourceImage } from '../image/inspect.ts'
import { prepareSource } from '../image/prepare.ts'

/** Bytes of a prepared picture that are encoded and sent at once. */
const pieceSize = 64 * 1024

/**
 * The bytes to send, and the hash of the file that they came from: by the last byte it must be the fingerprint's, or a
 * picture that was saved meanwhile would be bought under the wrong name.
 */
export async function openImage(
  source: SourceImage,
  sourceHash: string,
): Promise<{ image: ImageBody; readHash: () => string }> {
  const prepared = await prepareSource(source, async () => {
    const bytes = await readFile(source.file).catch((error: unknown) => {
      throw changedError(source.file, error)
    })
    if (createHash('sha256').update(bytes).digest('hex') !== sourceHash) {
      throw changedError(source.file)
    }
    return bytes
  })
  if (prepared) {
    const image = { bytes: prepared.length, open: () => slice(prepared) }
    return { image, readHash: () => sourceHash }
  }
  const hash = createHash('sha256')
  const image = { bytes: source.bytes, open: () => readSource(source, hash) }
  return { image, readHash: () => hash.digest('hex') }
}

async function* slice(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += pieceSize) {
    yield bytes.subarray(offset, offset + pieceSize)
  }
}

async function* readSource({ file, bytes }: SourceImage, hash: Hash): AsyncGenerator<Buffer> {
  let left = bytes
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      left -= chunk.length
      if (left < 0) break
      yield chunk
    }
  } catch (error) {
    throw changedError(file, error)
  }
  if (left !== 0) throw changedError(file)
}

/** The bytes that the fingerprint speaks of are not there any more. */
export function changedError(file: string, cause?: unknown): MagnificError {
  return new MagnificError(
    'SOURCE_CHANGED',
    'The image changed while it was being sent. Nothing was charged. Build again.',
    { file, cause },
  )
}
