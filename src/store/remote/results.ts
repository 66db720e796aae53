import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import pLimit from 'p-limit'
import * as v from 'valibot'
import { maxResultBytes } from '../../core/limits.ts'
import type { Attempt } from '../attempt.ts'
import type { BlobStore, IncomingBlob } from '../blobs.ts'
import type { Journal } from '../journal.ts'
import { isOfItsFingerprint, parseRecord } from '../records.ts'
import type { ResultRecord } from '../records.ts'
import { DamagedError, isUseless } from './errors.ts'
import type { Remote } from './remote.ts'

/** A piece of a result, bytes: in base64 less than 512 KB, with room for what a store wraps it in. */
const pieceSize = 380 * 1024
/** Pieces of one result that are under way at once. */
const piecesAtOnce = 6

/** A result that the shared cache says it has. */
export interface RemoteResult {
  record: ResultRecord
  /** All of its pieces but the last one have so many bytes. */
  pieceBytes: number
}

/** The results in a shared cache: pieces of their bytes first, then the manifest that tells of them. */
export interface RemoteResults {
  /** @throws RemoteError where it is not known; DamagedError; MagnificError `REMOTE_REFUSED` */
  find(fingerprint: string): Promise<RemoteResult | undefined>
  /** Whether there is a manifest, readable or not. @throws RemoteError */
  has(fingerprint: string): Promise<boolean>
  /**
   * Brings a result's bytes, to be kept or discarded by the caller: they are what the record says.
   *
   * @throws RemoteError; DamagedError where they are not whole; the error of node:fs
   */
  fetch(result: RemoteResult, blobs: Pick<BlobStore, 'create'>): Promise<IncomingBlob>
  /**
   * Puts a result into the shared cache, unless one is there, or somebody has decided that its task does not count. Done
   * again, it completes what was cut off.
   *
   * @param file the bytes, absolute
   * @throws RemoteError; the error of node:fs
   */
  publish(record: ResultRecord, file: string): Promise<'published' | 'there' | 'void'>
}

const manifestSchema = v.object({
  version: v.literal(1),
  pieceBytes: v.pipe(v.number(), v.integer(), v.minValue(1024)),
  record: v.unknown(),
})

/**
 * @param journal the shared cache's own
 * @param mends whether what is there is read to its last byte before it is left as it is
 */
export function createRemoteResults(
  remote: Remote,
  journal: Journal,
  mends = false,
): RemoteResults {
  /** What was found damaged here, and is to be written anew. */
  const damaged = new Set<string>()

  const find: RemoteResults['find'] = async (fingerprint) => {
    try {
      const text = await remote.read(manifestKey(fingerprint))
      return text === undefined ? undefined : readManifest(text, fingerprint)
    } catch (error) {
      if (error instanceof DamagedError) damaged.add(fingerprint)
      throw error
    }
  }

  const isThere = async (fingerprint: string): Promise<boolean> => {
    try {
      const there = await find(fingerprint)
      if (!there || damaged.has(fingerprint)) return false
      if (mends) await checkPieces(there, remote)
      return true
    } catch (error) {
      // What nobody can use is written anew by whoever may.
      if (isUseless(error)) return false
      throw error
    }
  }

  /** Whoever has a result is in the journal: it is what keeps others from buying where the manifest is lost. */
  const noteTask = async ({
    fingerprint,
    task,
    completedAt,
    result,
  }: ResultRecord): Promise<void> => {
    if (task === '') return
    const attempts = await journal.readAttempts(fingerprint)
    if (attempts.some((each) => each.task === task)) return
    const outcome = { kind: 'completed', sha256: result.sha256, at: completedAt } as const
    await journal.copy(fingerprint, { ...noAttempt, task, outcome })
  }

  return {
    find,
    has: async (fingerprint) => (await remote.readPiece(manifestKey(fingerprint))) !== undefined,
    fetch: async (result, blobs) => {
      const { record } = result
      const incoming = await blobs.create()
      try {
        for await (const piece of readPieces(result, remote)) await incoming.write(piece)
        const { sha256 } = await incoming.finish()
        if (sha256 !== record.result.sha256)
          throw new DamagedError('its bytes are not what it says')
        return incoming
      } catch (error) {
        await incoming.discard()
        if (error instanceof DamagedError) damaged.add(record.fingerprint)
        throw error
      }
    },
    publish: async (record, file) => {
      if (await journal.isVoided(record.fingerprint, record.task)) return 'void'
      await noteTask(record)
      if (await isThere(record.fingerprint)) return 'there'
      const { sha256, bytes } = record.result
      await writePieces(file, sha256, bytes, remote)
      const manifest = { version: 1, pieceBytes: pieceSize, record }
      await remote.write(manifestKey(record.fingerprint), JSON.stringify(manifest))
      damaged.delete(record.fingerprint)
      return 'published'
    },
  }
}

const noAttempt: Attempt = {
  folder: '',
  beat: 0,
  owner: undefined,
  decided: undefined,
  response: undefined,
  task: undefined,
  outcome: undefined,
  voided: undefined,
}

function manifestKey(fingerprint: string): string {
  return `v1/results/${fingerprint}`
}

function pieceKey(sha256: string, index: number): string {
  return `v1/blobs/${sha256}/${index}`
}

function readManifest(text: string, fingerprint: string): RemoteResult {
  const manifest = v.safeParse(manifestSchema, parseJson(text))
  const record = manifest.success ? parseRecord(JSON.stringify(manifest.output.record)) : undefined
  if (!record || !manifest.success) throw new DamagedError('its manifest cannot be read')
  const { bytes } = record.result
  const isRight =
    record.fingerprint === fingerprint &&
    isOfItsFingerprint(record) &&
    Number.isInteger(bytes) &&
    bytes > 0 &&
    bytes <= maxResultBytes
  if (!isRight) throw new DamagedError('its manifest is that of another image')
  return { record, pieceBytes: manifest.output.pieceBytes }
}

/** A result's bytes, in order: the next pieces are asked for while one is written. */
async function* readPieces(
  { record, pieceBytes }: RemoteResult,
  remote: Remote,
): AsyncGenerator<Buffer, void> {
  const { sha256, bytes } = record.result
  const count = Math.ceil(bytes / pieceBytes)
  const read = async (index: number): Promise<Buffer> => {
    const text = await remote.readPiece(pieceKey(sha256, index))
    const size = Math.min(pieceBytes, bytes - index * pieceBytes)
    const piece = text === undefined ? undefined : Buffer.from(text, 'base64')
    if (piece?.length === size) return piece
    throw new DamagedError(
      text === undefined
        ? `piece ${index + 1} of ${count} is missing`
        : `piece ${index + 1} of ${count} is cut off`,
    )
  }
  const ahead: Promise<Buffer>[] = []
  for (let index = 0; index < count; index++) {
    while (ahead.length < piecesAtOnce && index + ahead.length < count) {
      const piece = read(index + ahead.length)
      // Whoever comes to it hears of it.
      piece.catch(() => {})
      ahead.push(piece)
    }
    const piece = ahead.shift()
    if (piece) yield await piece
  }
}

/** @throws DamagedError where the bytes are not what the record says; RemoteError */
async function checkPieces(result: RemoteResult, remote: Remote): Promise<void> {
  const hash = createHash('sha256')
  for await (const piece of readPieces(result, remote)) hash.update(piece)
  if (hash.digest('hex') === result.record.result.sha256) return
  throw new DamagedError('its bytes are not what it says')
}

async function writePieces(
  file: string,
  sha256: string,
  bytes: number,
  remote: Remote,
): Promise<void> {
  const limit = pLimit(piecesAtOnce)
  const handle = await open(file, 'r')
  try {
    const indexes = [...Array.from({ length: Math.ceil(bytes / pieceSize) }).keys()]
    const writing = indexes.map(async (index) =>
      limit(async () => {
        const start = index * pieceSize
        const piece = Buffer.allocUnsafe(Math.min(pieceSize, bytes - start))
        const { bytesRead } = await handle.read(piece, 0, piece.length, start)
        if (bytesRead !== piece.length) throw new Error(`${file} is shorter than its record says`)
        await remote.writePiece(pieceKey(sha256, index), piece.toString('base64'))
      }),
    )
    const failed = (await Promise.allSettled(writing)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason as Error
  } finally {
    await handle.close()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
