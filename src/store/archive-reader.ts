import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream'
import { constants, createGunzip } from 'node:zlib'
import type { Gunzip } from 'node:zlib'
import { Parser } from 'tar'
import type { ReadEntry } from 'tar'
import { maxResultBytes } from '../core/limits.ts'
import { parseCachePath } from './cache-paths.ts'
import type { CachePart } from './cache-paths.ts'
import { isDiskError, writeAll } from './files.ts'

/** A record or a file of the journal is never larger than this, bytes. */
const maxTextBytes = 1_000_000
/** So much may be refused of an archive before it is not read on: more is no accident. */
const maxRefused = 1000
const maxRefusedBytes = 2_000_000_000

const gzipMagic = '1f8b'
const zstdMagic = '28b52ffd'

/** Something in an archive that is not taken. */
export interface Refusal {
  /** In the archive. */
  path: string
  /** A clause. */
  why: string
}

/** What was read of an archive. */
export interface ReadArchive {
  refused: Refusal[]
  /** Why it was not read to its end, as a clause: what was whole by then is there. */
  cut?: string | undefined
}

/** Where an archive is read to. */
export interface ArchiveTarget {
  /** A folder of its own, absolute. Files are there as they would be in a cache directory, and need not last yet. */
  dir: string
  /** Whether bytes are wanted. */
  wantsBlob: (sha256: string) => boolean
}

/** Why reading ends early. */
class ArchiveEnd extends Error {
  override readonly name: string = 'ArchiveEnd'
}

/**
 * Reads an archive into a folder: nothing but regular files at places that a cache has, each once, of bearable size, and
 * blobs that are what their names say.
 *
 * @throws the error of node:fs where the archive cannot be read, or the disk takes no more
 */
export async function readArchive(file: string, target: ArchiveTarget): Promise<ReadArchive> {
  const refused: Refusal[] = []
  const seen = new Set<string>()
  let refusedBytes = 0
  const refuse = (path: string, why: string, bytes = 0): void => {
    refused.push({ path: path.slice(0, 200), why })
    refusedBytes += bytes
    if (refused.length >= maxRefused || refusedBytes > maxRefusedBytes) {
      throw new ArchiveEnd('too much of it is refused')
    }
  }
  const cut = await parseArchive(file, {
    refuse,
    take: async (entry) => {
      const { path, type, size } = entry
      const part = parseCachePath(path)
      const limit = part?.kind === 'blob' ? maxResultBytes : maxTextBytes
      if (type === 'Directory') return discard(entry)
      if (size > (part ? limit : maxResultBytes)) {
        refuse(path, `it is larger than ${part ? limit : maxResultBytes} bytes`)
        throw new ArchiveEnd(`"${path.slice(0, 200)}" is larger than anything in a cache`)
      }
      if (type !== 'File' && type !== 'OldFile') refuse(path, `it is no file (${type})`, size)
      else if (!part) refuse(path, 'a cache has no such file', size)
      else if (seen.has(path)) refuse(path, 'it is there twice', size)
      else {
        seen.add(path)
        if (part.kind === 'blob' && !target.wantsBlob(part.sha256)) return discard(entry)
        const problem = await writeEntry(entry, part, join(target.dir, path))
        if (problem !== undefined) refuse(path, problem, size)
        return undefined
      }
      return discard(entry)
    },
  })
  return { refused, cut }
}

interface ArchiveVisitor {
  /** Takes all of an entry's bytes, or none and ends the reading by throwing. */
  take(entry: ReadEntry): Promise<void>
  refuse(path: string, why: string): void
}

/** @returns why it was not read to its end, as a clause */
async function parseArchive(file: string, visitor: ArchiveVisitor): Promise<string | undefined> {
  const parser = new Parser()
  let announce = (): void => {}
  const over = new Promise<void>((resolve) => (announce = resolve))
  let isOver = false
  /** An archive has an end, and nothing that comes after it is read. */
  let hasEnd = false
  let work: Promise<void> = Promise.resolve()
  let current: ReadEntry | undefined
  let cut: string | undefined
  let failure: unknown
  const end = (reason?: string): void => {
    cut ??= reason
    isOver = true
    announce()
  }
  const breakOff = (error: unknown): void => {
    if (isDiskError(error)) failure ??= error
    end((error as Error).message)
    current?.destroy(new ArchiveEnd('it is cut off'))
  }
  const refuse = (path: string, why: string): void => {
    try {
      visitor.refuse(path, why)
    } catch (error) {
      breakOff(error)
    }
  }
  parser.on('entry', (entry: ReadEntry) => {
    // Whoever reads it hears of it.
    entry.on('error', () => {})
    const before = work
    const take = async (): Promise<void> => {
      await before
      if (isOver) return
      current = entry
      await visitor.take(entry).catch(breakOff)
      current = undefined
    }
    work = take()
  })
  parser.on('ignoredEntry', ({ path, type }: ReadEntry) => refuse(path, `it is no file (${type})`))
  parser.on('warn', (code: string, message: string | Error, { header }: Warned) => {
    const text = message instanceof Error ? message.message : message
    if (code === 'TAR_ENTRY_INVALID') refuse(header?.path ?? 'an entry', text)
    else if (code !== 'TAR_ENTRY_INFO') cut ??= text
  })
  parser.on('error', breakOff)
  parser.on('eof', () => {
    hasEnd = true
    void work.then(() => end())
  })
  parser.on('end', () => void work.then(() => end(hasEnd ? undefined : 'it is cut off')))

  try {
    for await (const chunk of readBytes(file)) {
      if (isOver || hasEnd) break
      if (parser.write(chunk)) continue
      await Promise.race([new Promise((resolve) => void parser.once('drain', resolve)), over])
    }
    if (!isOver && !hasEnd) parser.end()
  } catch (error) {
    breakOff(error)
  }
  await over
  await work
  if (failure !== undefined) throw failure as Error
  return cut
}

/** What the parser tells of an entry that it does not understand. */
interface Warned {
  header?: { path?: string }
}

/** The bytes of an archive, unpacked where they are packed, no faster than somebody takes them. */
async function* readBytes(file: string): AsyncGenerator<Buffer, void> {
  const isPacked = (await readMagic(file)).startsWith(gzipMagic)
  const source = createReadStream(file)
  // What goes wrong with either is thrown to whoever reads.
  const bytes = isPacked ? pipeline(source, createUnpacker(), () => {}) : source
  let isFirst = true
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    const magic = chunk.toString('hex', 0, 4)
    // The parser would unpack it by itself, however much that is.
    if (isFirst && (magic.startsWith(gzipMagic) || magic === zstdMagic)) {
      throw new ArchiveEnd('it is packed in a way that is not known here')
    }
    isFirst = false
    yield chunk
  }
}

/**
 * Of an archive that is cut off all is unpacked that is there, as of one that is not packed: an error in place of its end
 * would overtake what comes before it.
 */
function createUnpacker(): Gunzip {
  return createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })
}

async function readMagic(file: string): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('hex', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** @returns what is wrong with it, as a clause */
async function writeEntry(
  entry: ReadEntry,
  part: CachePart,
  file: string,
): Promise<string | undefined> {
  await mkdir(dirname(file), { recursive: true })
  const hash = createHash('sha256')
  let bytes = 0
  const handle = await open(file, 'wx')
  // One that was destroyed while nobody waited for it says so to nobody who begins to wait.
  const check = (): void => {
    if (entry.destroyed) throw new ArchiveEnd('the archive is cut off')
  }
  try {
    check()
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      await writeAll(handle, chunk)
      hash.update(chunk)
      bytes += chunk.length
      check()
    }
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(file, { force: true })
    throw error
  }
  await handle.close()
  const isWhole = bytes === entry.size
  if (isWhole && (part.kind !== 'blob' || hash.digest('hex') === part.sha256)) return undefined
  await rm(file, { force: true })
  return isWhole ? 'its bytes are not what its name says' : 'it is cut off'
}

async function discard(entry: ReadEntry): Promise<void> {
  entry.resume()
}
