import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  createFileOnce,
  createTmpPath,
  hashFile,
  isMissing,
  moveFile,
  putFile,
  writeAll,
} from '../../src/store/files.ts'
import { namesIn } from '../helpers/cache.ts'
import { tmpProject } from '../helpers/project.ts'

/** What no disk takes: node:fs refuses it when the temporary file is open already. */
const unwritable = { length: 10 } as Uint8Array

describe('putFile', () => {
  it('writes texts and bytes, and makes the folders', async () => {
    const { path } = tmpProject()
    await putFile(path('tmp'), path('a/b/text'), 'grüße')
    await putFile(path('tmp'), path('a/b/bytes'), Uint8Array.of(0, 255, 10))
    expect(readFileSync(path('a/b/text'), 'utf8')).toBe('grüße')
    expect([...readFileSync(path('a/b/bytes'))]).toEqual([0, 255, 10])
    expect(namesIn(path('tmp'))).toEqual([])
  })

  it('never shows a reader half of a file', async () => {
    const { path, write } = tmpProject()
    const size = 2_000_000
    const target = write('target', 'a'.repeat(size))
    const state = { reading: true }
    const read = async (): Promise<void> => {
      try {
        for (let reads = 0; reads < 30; reads++) {
          const text = await readFile(target, 'latin1')
          expect(text).toHaveLength(size)
          expect(new Set([text[0], text[size / 2], text.at(-1)]).size).toBe(1)
        }
      } finally {
        state.reading = false
      }
    }
    const put = async (): Promise<void> => {
      while (state.reading) {
        for (const letter of 'bcdef') await putFile(path('tmp'), target, letter.repeat(size))
      }
    }
    await Promise.all([read(), put()])
    expect(readFileSync(target, 'latin1')).toBe('f'.repeat(size))
  })

  it('leaves the old file and no temporary one when the bytes cannot be written', async () => {
    const { path, write } = tmpProject()
    const target = write('target', 'old')
    await expect(putFile(path('tmp'), target, unwritable)).rejects.toThrow()
    expect(readFileSync(target, 'utf8')).toBe('old')
    expect(namesIn(path('tmp'))).toEqual([])
  })

  it('leaves no temporary file when the place is taken by a folder, or cannot be made', async () => {
    const { path, write } = tmpProject()
    mkdirSync(path('folder/inside'), { recursive: true })
    await expect(putFile(path('tmp'), path('folder'), 'x')).rejects.toThrow()
    await expect(putFile(path('tmp'), join(write('file', ''), 'x'), 'x')).rejects.toThrow()
    expect(namesIn(path('tmp'))).toEqual([])
    expect(namesIn(path('folder'))).toEqual(['inside'])
  })
})

describe('createFileOnce', () => {
  it('lets exactly one of many win, with its content whole', async () => {
    const { path } = tmpProject()
    for (let round = 0; round < 10; round++) {
      const target = path('journal', String(round), 'decided')
      const contents = Array.from({ length: 30 }, (_, index) => `${index} `.repeat(5000))
      const created = await Promise.all(
        contents.map(async (content) => createFileOnce(path('tmp'), target, content)),
      )
      expect(created.filter(Boolean)).toHaveLength(1)
      expect(readFileSync(target, 'utf8')).toBe(contents[created.indexOf(true)])
    }
    expect(namesIn(path('tmp'))).toEqual([])
  })

  it('leaves alone what is there', async () => {
    const { path, write } = tmpProject()
    const target = write('target', 'old')
    const { ino } = await stat(target)
    expect(await createFileOnce(path('tmp'), target, 'new')).toBe(false)
    expect(readFileSync(target, 'utf8')).toBe('old')
    expect((await stat(target)).ino).toBe(ino)
    expect(namesIn(path('tmp'))).toEqual([])
  })

  it('creates nothing and leaves no temporary file when it fails', async () => {
    const { path, write } = tmpProject()
    await expect(createFileOnce(path('tmp'), path('a/target'), unwritable)).rejects.toThrow()
    const below = join(write('file', ''), 'a', 'target')
    await expect(createFileOnce(path('tmp'), below, 'x')).rejects.toThrow('ENOTDIR')
    expect(namesIn(path('a'))).toEqual([])
    expect(namesIn(path('tmp'))).toEqual([])
  })
})

describe('writeAll', () => {
  /** A disk that takes so many bytes at a time. */
  function createDisk(takes: number): { handle: FileHandle; written: number[] } {
    const written: number[] = []
    const handle = {
      write: async (bytes: Uint8Array, offset: number) => {
        const taken = bytes.subarray(offset, offset + takes)
        written.push(...taken)
        return { bytesWritten: taken.length, buffer: bytes }
      },
    } as unknown as FileHandle
    return { handle, written }
  }

  it.each([1, 3, 10, 99])(
    'goes on until everything is written, %i bytes at a time',
    async (takes) => {
      const { handle, written } = createDisk(takes)
      const bytes = Uint8Array.from({ length: 10 }, (_, index) => index)
      await writeAll(handle, bytes)
      expect(written).toEqual([...bytes])
    },
  )

  it('fails on a disk that takes no more, rather than pass for done', async () => {
    await expect(writeAll(createDisk(0).handle, Uint8Array.of(1))).rejects.toMatchObject({
      code: 'ENOSPC',
    })
  })
})

describe('moveFile', () => {
  it('moves a file over another one', async () => {
    const { path, write } = tmpProject({ target: 'old' })
    await moveFile(write('tmp/new', 'new'), path('target'))
    expect(readFileSync(path('target'), 'utf8')).toBe('new')
    expect(namesIn(path('tmp'))).toEqual([])
  })

  it('removes the temporary file when it fails', async () => {
    const { path, write } = tmpProject()
    mkdirSync(path('folder/inside'), { recursive: true })
    await expect(moveFile(write('tmp/new', 'new'), path('folder'))).rejects.toThrow()
    expect(namesIn(path('tmp'))).toEqual([])
  })
})

describe('createTmpPath', () => {
  it('gives another path each time, in a folder that is there', async () => {
    const { path } = tmpProject()
    const paths = await Promise.all(
      Array.from({ length: 20 }, async () => createTmpPath(path('a/tmp'))),
    )
    expect(new Set(paths).size).toBe(20)
    for (const tmp of paths) writeFileSync(tmp, '', { flag: 'wx' })
    expect(namesIn(path('a/tmp'))).toHaveLength(20)
  })
})

describe('hashFile', () => {
  // Around the size of the buffer that it reads through.
  it.each([0, 1, 262_143, 262_144, 262_145, 1_000_000])('hashes %i bytes', (size) => {
    const { write } = tmpProject()
    const bytes = randomBytes(size)
    expect(hashFile(write('file', bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  it('says what is wrong with a file that cannot be read', () => {
    const { path, dir } = tmpProject()
    expect(() => hashFile(path('missing'))).toThrow('ENOENT')
    expect(() => hashFile(dir)).toThrow('EISDIR')
  })
})

describe('isMissing', () => {
  it('tells a missing file from one that cannot be had', () => {
    const codes = ['ENOENT', 'ENOTDIR', 'EACCES', 'EIO', 'EISDIR', undefined]
    expect(codes.map((code) => isMissing(Object.assign(new Error('x'), { code })))).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ])
  })
})
