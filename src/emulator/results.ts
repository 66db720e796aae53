import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import type { EmulatedTask } from './records.ts'

/** A file on disk, ready to be sent. */
export interface ResultFile {
  path: string
  /** Bytes. */
  size: number
  /** Media type of what it really holds. */
  type: string
}

/** Which image is wanted: the one paid for, or one that a fault puts in its place. */
export type ResultKind = 'regular' | 'corrupt' | 'wrong-size' | 'oversized'

/** Sources and results, in a folder of their own: large ones are never held in memory. */
export interface Results {
  putSource(taskId: string, bytes: Buffer): Promise<void>
  /** Resamples at the first call; later and simultaneous ones share the file. */
  render(task: EmulatedTask, kind?: ResultKind): Promise<ResultFile>
  /** Waits for what is being written, then removes the folder. */
  close(): Promise<void>
}

/** Side of the `oversized` image: 26.01 megapixels. */
const OVERSIZED = 5100

/** Fast rather than small. (`effort` must not reach PNG, where it means a palette.) */
const SPEED = { png: { compressionLevel: 2 }, jpeg: {}, webp: { effort: 1 } }

/** Makes the folder in the system's temporary one. */
export async function createResults(options: {
  resultFormat: 'png' | 'jpeg' | 'webp'
  alpha: 'drop' | 'keep'
}): Promise<Results> {
  const dir = await mkdtemp(join(tmpdir(), 'magnific-emulator-'))
  const files = new Map<string, Promise<ResultFile>>()
  const pathOf = (name: string): string => join(dir, name)
  const keepsAlpha = options.alpha === 'keep' && options.resultFormat !== 'jpeg'

  async function encode(image: Sharp, path: string): Promise<ResultFile> {
    await image.toFormat(options.resultFormat, SPEED[options.resultFormat]).toFile(path)
    return { path, size: (await stat(path)).size, type: `image/${options.resultFormat}` }
  }

  /**
   * As much as is known of the real results: eight-bit RGB, no metadata, alpha gone unless asked for.
   * Whether they heed the EXIF orientation is not known; these do not.
   */
  function resample(task: EmulatedTask, path: string, trim: number): Promise<ResultFile> {
    const image = sharp(pathOf(`${task.id}.source`))
    const opaque = keepsAlpha ? image : image.flatten({ background: '#000' })
    const resized = opaque.resize(task.result.width - trim, task.result.height - trim, {
      kernel: 'lanczos3',
      fit: 'fill',
    })
    return encode(resized.toColourspace('srgb'), path)
  }

  async function make(task: EmulatedTask, kind: ResultKind): Promise<ResultFile> {
    const path = pathOf(`${task.id}.${kind}`)
    if (kind === 'regular') return resample(task, path, 0)
    if (kind === 'wrong-size') return resample(task, path, 1)
    if (kind === 'oversized') {
      const blank = {
        width: OVERSIZED,
        height: OVERSIZED,
        channels: 3,
        background: '#246',
      } as const
      return encode(sharp({ create: blank }), path)
    }
    const regular = await results.render(task)
    await writeFile(path, await readFile(regular.path))
    await scramble(path, regular.size)
    return { ...regular, path }
  }

  const results: Results = {
    async putSource(taskId, bytes) {
      await writeFile(pathOf(`${taskId}.source`), bytes)
    },
    render(task, kind = 'regular') {
      const name = `${task.id}.${kind}`
      const known = files.get(name)
      if (known) return known
      const file = make(task, kind)
      files.set(name, file)
      return file
    },
    async close() {
      await Promise.allSettled(files.values())
      await rm(dir, { recursive: true, force: true })
    },
  }
  return results
}

/** Inverts a run of bytes in the middle: the file keeps its length and its header. */
async function scramble(path: string, size: number): Promise<void> {
  const length = Math.max(1, Math.min(1024, Math.floor(size / 4)))
  const file = await open(path, 'r+')
  try {
    const bytes = Buffer.alloc(length)
    const position = Math.floor((size - length) / 2)
    await file.read(bytes, 0, length, position)
    await file.write(
      bytes.map((byte) => 255 - byte),
      0,
      length,
      position,
    )
  } finally {
    await file.close()
  }
}
