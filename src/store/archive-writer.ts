import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Header } from 'tar'

/** A file that goes into an archive. */
export interface ArchiveEntry {
  /** In the archive, with forward slashes; of up to 100 characters of ASCII. */
  path: string
  size: number
  /** As many bytes as `size` says. */
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

const block = 512
/** What is the same on all machines and days gives the same archive. */
const fixed = { mode: 0o644, uid: 0, gid: 0, type: 'File', mtime: new Date(0) } as const

/**
 * Writes an archive, whole or not at all: to a temporary file beside it, which takes its name in the end. The same entries
 * give the same bytes.
 *
 * @param file absolute; `.tar`, or anything else for one that is compressed
 * @throws what reading an entry throws, and the error of node:fs
 */
export async function writeArchive(
  file: string,
  entries: AsyncIterable<ArchiveEntry>,
): Promise<void> {
  const tmp = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    const target = createWriteStream(tmp, { flags: 'wx', flush: true })
    const source = Readable.from(renderTar(entries), { objectMode: false })
    if (file.endsWith('.tar')) await pipeline(source, target)
    else await pipeline(source, createGzip(), target)
    await rename(tmp, file)
  } catch (error) {
    await rm(tmp, { force: true })
    throw error
  }
}

async function* renderTar(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Uint8Array, void> {
  for await (const { path, size, read } of entries) {
    const header = new Header({ ...fixed, path, size })
    // Whatever does not fit into a plain header would be cut off.
    if (header.encode()) throw new Error(`"${path}" does not fit into an archive.`)
    if (header.block) yield header.block
    let bytes = 0
    for await (const chunk of read()) {
      bytes += chunk.length
      yield chunk
    }
    if (bytes !== size) throw new Error(`"${path}" changed while it was read. Try again.`)
    yield Buffer.alloc((block - (size % block)) % block)
  }
  yield Buffer.alloc(2 * block)
}
