import { readFileSync } from 'node:fs'
import { Header, Parser } from 'tar'
import type { HeaderData } from 'tar'

/** An entry of an archive, as a stranger may write it. */
export interface Entry extends Omit<HeaderData, 'path'> {
  path: string
  content?: Buffer | string
}

const block = 512

/** An archive of whatever one likes, links and lies about sizes included. */
export function makeTar(entries: readonly Entry[], { isOpen = false } = {}): Buffer {
  const blocks = entries.flatMap(({ content = '', ...data }) => {
    const bytes = Buffer.from(content)
    const header = new Header({ mode: 0o644, type: 'File', size: bytes.length, ...data })
    header.encode()
    const padding = Buffer.alloc((block - (bytes.length % block)) % block)
    return [header.block ?? Buffer.alloc(0), bytes, padding]
  })
  return Buffer.concat(isOpen ? blocks : [...blocks, Buffer.alloc(2 * block)])
}

/** What is in an archive, in order. */
export async function readTar(file: string): Promise<(Entry & { content: Buffer })[]> {
  const entries: (Entry & { content: Buffer })[] = []
  const parser = new Parser()
  parser.on('entry', (entry) => {
    const { path, type, size, mode, uid, gid, mtime } = entry
    const chunks: Buffer[] = []
    entry.on('data', (chunk: Buffer) => chunks.push(chunk))
    entry.on('end', () => {
      entries.push({ path, type, size, mode, uid, gid, mtime, content: Buffer.concat(chunks) })
    })
  })
  await new Promise<void>((resolve, reject) => {
    parser.on('end', resolve)
    parser.on('warn', (code: string, message: string) => reject(new Error(`${code} ${message}`)))
    parser.end(readFileSync(file))
  })
  return entries
}
