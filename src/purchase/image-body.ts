import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { constants, copyFile, open as openFile, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { ImageBody } from '../api/post.ts'
import { MagnificError } from '../core/errors.ts'
import type { SourceImage } from '../image/inspect.ts'
import { findSendableFormat, renderSent } from '../image/prepare.ts'
import { selectRanges } from '../image/scan.ts'
import type { ByteRange } from '../image/scan.ts'
import { findPixelRanges } from '../image/segments.ts'
import { renderThumbnail } from '../image/thumbnail.ts'
import { createTmpPath, hashFile, isDiskError, isMissing } from '../store/files.ts'
import { signatureOf } from '../store/memo.ts'
import type { PurchaseContext } from './order.ts'

/** A picture that is ready to be sent, as often as it takes. */
export interface PreparedImage {
  /** What its result is recognised by: see `renderThumbnail`. */
  thumbnail: Buffer
  /**
   * The bytes of one try, and the hash of the file that they come from: by the last byte it must be the fingerprint's, or
   * a picture that was saved meanwhile would be bought under the wrong name.
   */
  open(): { image: ImageBody; readHash: () => string }
  /** Removes what was made for it. Nothing is thrown. */
  discard(): Promise<void>
}

/** A picture that is made ready to be sent when it is asked for, and once. */
export interface Preparation {
  /** @throws MagnificError, and the errors of node:fs: see `prepareImage` */
  prepare(): Promise<PreparedImage>
  /** Forgets what was made ready where the file was touched meanwhile: it is made ready anew, or found to be another one. */
  refresh(): Promise<void>
  /** Removes what was made. Nothing is thrown. */
  discard(): Promise<void>
}

/** The parts of a file that are sent. */
interface Selection {
  file: string
  /** SHA-256 of the whole file. */
  sha256: string
  /** Of the whole file. */
  size: number
  ranges: readonly ByteRange[]
}

type Settings = Pick<PurchaseContext, 'alpha' | 'tmp' | 'drawing'>

/**
 * Prepares what is sent of a source: its own bytes without what is not pixels, or a picture made of it. Whichever it is,
 * it is made of the bytes that the fingerprint speaks of, and no metadata is in it.
 *
 * @param sourceHash SHA-256 of the bytes that the fingerprint speaks of
 * @throws MagnificError `SOURCE_CHANGED`; the error of node:fs, `ENOSPC` among them; nothing is left behind then
 */
export async function prepareImage(
  source: SourceImage,
  sourceHash: string,
  settings: Settings,
): Promise<PreparedImage> {
  const format = findSendableFormat(source, settings.alpha)
  const own = format && (await select(source.file, format))
  if (own && own.sha256 !== sourceHash) throw changedError(source.file)
  if (own?.ranges) {
    const selection: Selection = { ...own, ranges: own.ranges }
    const open: PreparedImage['open'] = () => openSelection(selection, source.file, sourceHash)
    return { thumbnail: source.thumbnail, open, discard: async () => {} }
  }
  const file = await settings.drawing(async () => render(source, sourceHash, settings))
  const discard = async (): Promise<void> => removeQuietly(file)
  try {
    const { ranges, ...made } = await select(file, 'png')
    if (!ranges) throw new Error('what was made of it is no PNG')
    const selection: Selection = { ...made, ranges }
    const open: PreparedImage['open'] = () => openSelection(selection, source.file, sourceHash)
    return { thumbnail: await renderThumbnail(file), open, discard }
  } catch (error) {
    await discard()
    throw unpreparedError(source.file, error)
  }
}

/** Nothing is made yet: see `prepareImage` for what is given. */
export function createPreparation(
  source: SourceImage,
  sourceHash: string,
  settings: Settings,
): Preparation {
  let prepared: PreparedImage | undefined
  let seen: string | undefined
  const discard = async (): Promise<void> => {
    await prepared?.discard()
    prepared = undefined
  }
  return {
    prepare: async () => {
      seen ??= await readSignature(source.file)
      return (prepared ??= await prepareImage(source, sourceHash, settings))
    },
    refresh: async () => {
      const now = await readSignature(source.file)
      if (now !== seen) await discard()
      seen = now
    },
    discard,
  }
}

/** See `signatureOf`; `undefined` where the file is gone. */
async function readSignature(file: string): Promise<string | undefined> {
  try {
    return signatureOf(await stat(file, { bigint: true }))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** @returns the file of a PNG, absolute; the caller's to remove */
async function render(
  source: SourceImage,
  sourceHash: string,
  { alpha, tmp }: Settings,
): Promise<string> {
  const copy = await createTmpPath(tmp)
  const target = await createTmpPath(tmp)
  try {
    // Sharing its blocks where the file system can. What is hashed and what is decoded are the same bytes this way,
    // whoever saves the source meanwhile.
    await copyFile(source.file, copy, constants.COPYFILE_FICLONE).catch((error: unknown) => {
      throw isMissing(error) ? changedError(source.file, error) : error
    })
    if (hashFile(copy) !== sourceHash) throw changedError(source.file)
    await renderSent(source, copy, alpha, target)
    return target
  } catch (error) {
    await removeQuietly(target)
    const isOther = error instanceof MagnificError || isDiskError(error)
    throw isOther ? error : unpreparedError(source.file, error)
  } finally {
    await removeQuietly(copy)
  }
}

/** What stays is cleared away another day. */
async function removeQuietly(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => {})
}

/** Reads a file once, for its hash and for the ranges that make its pixels. */
async function select(
  file: string,
  format: 'jpeg' | 'png',
): Promise<Omit<Selection, 'ranges'> & { ranges: ByteRange[] | undefined }> {
  const hash = createHash('sha256')
  let size = 0
  const count = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of readHashed(file, hash, file)) {
      size += chunk.length
      yield chunk
    }
  }
  const ranges = await findPixelRanges(format, count())
  return { file, sha256: hash.digest('hex'), size, ranges }
}

function openSelection(
  { file, sha256, size, ranges }: Selection,
  source: string,
  sourceHash: string,
): ReturnType<PreparedImage['open']> {
  const hash = createHash('sha256')
  const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
  const image: ImageBody = {
    bytes,
    open: async function* () {
      let left = bytes
      const chunks = readHashed(file, hash, source, size)
      for await (const piece of selectRanges(chunks, ranges)) {
        left -= piece.length
        yield piece
      }
      if (left !== 0) throw changedError(source)
    },
  }
  return {
    image,
    readHash: () => {
      const found = hash.digest('hex')
      // What was made of the source answers for it as long as it is what was made.
      return found === sha256 ? sourceHash : found
    },
  }
}

/** Read at once of each file, bytes. */
const pieceSize = 64 * 1024

/**
 * A file's bytes, hashed as they are read, and no more of them than there were: a log that is written to has no end. What is
 * read goes through one buffer, so that a piece is good until the next one is asked for: with a new one for each, most of what
 * was sent would be in memory until it is collected.
 */
async function* readHashed(
  file: string,
  hash: Hash,
  source: string,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  let left = most
  let handle: FileHandle | undefined
  try {
    handle = await openFile(file)
    const buffer = Buffer.allocUnsafeSlow(pieceSize)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, pieceSize)
      const piece = buffer.subarray(0, bytesRead)
      hash.update(piece)
      left -= bytesRead
      if (bytesRead === 0 || left < 0) break
      yield piece
    }
  } catch (error) {
    throw changedError(source, error)
  } finally {
    await handle?.close()
  }
}

/** The bytes that the fingerprint speaks of are not there any more. */
export function changedError(file: string, cause?: unknown): MagnificError {
  return new MagnificError(
    'SOURCE_CHANGED',
    'The image changed while it was being sent. Nothing was charged. Build again.',
    { file, cause },
  )
}

function unpreparedError(file: string, cause: unknown): MagnificError {
  const reason = (cause as Error).message.split('\n', 1)[0]
  return new MagnificError(
    'SOURCE_REFUSED',
    `The image cannot be made ready to be sent: ${reason}. Nothing was charged. Save it as an 8-bit PNG.`,
    { file, cause },
  )
}
