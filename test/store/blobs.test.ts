import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createBlobStore } from '../../src/store/blobs.ts'
import type { BlobStore } from '../../src/store/blobs.ts'
import type { Layout } from '../../src/store/layout.ts'
import { flipBit, laterMemo, namesIn, tmpLayout } from '../helpers/cache.ts'

const bytes = randomBytes(300_000)
const hash = createHash('sha256').update(bytes).digest('hex')

/** A store that knows nothing but what is on the disk. */
function openStore(layout: Layout): BlobStore {
  return createBlobStore(layout, laterMemo(layout))
}

/** A cache directory with one blob in it. */
async function createFilled(): Promise<{ layout: Layout; store: BlobStore; file: string }> {
  const layout = tmpLayout()
  const store = openStore(layout)
  const incoming = await store.create()
  await incoming.write(bytes)
  await incoming.finish()
  return { layout, store, file: await incoming.keep() }
}

describe('an incoming blob', () => {
  it('is hashed as it streams, and kept under its hash', async () => {
    const layout = tmpLayout()
    const store = openStore(layout)
    const incoming = await store.create()
    for (let at = 0; at < bytes.length; at += 70_001) {
      await incoming.write(bytes.subarray(at, at + 70_001))
    }
    expect(await incoming.finish()).toEqual({ sha256: hash, bytes: 300_000 })
    expect(readFileSync(incoming.file).equals(bytes)).toBe(true)
    expect(namesIn(layout.blobs)).toEqual([])

    const file = await incoming.keep()
    expect(file).toBe(join(layout.blobs, hash.slice(0, 2), hash))
    expect(file).toBe(store.path(hash))
    expect(readFileSync(file).equals(bytes)).toBe(true)
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('may be empty', async () => {
    const incoming = await openStore(tmpLayout()).create()
    expect(await incoming.finish()).toEqual({
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      bytes: 0,
    })
  })

  it('is kept only when it is finished', async () => {
    const layout = tmpLayout()
    const incoming = await openStore(layout).create()
    await incoming.write(bytes)
    await expect(incoming.keep()).rejects.toThrow('Only a finished blob can be kept.')
    expect(namesIn(layout.blobs)).toEqual([])
    await incoming.finish()
    await incoming.discard()
    await expect(incoming.keep()).rejects.toThrow('Only a finished blob can be kept.')
    expect(namesIn(layout.blobs)).toEqual([])
  })

  it.each(['before it is finished', 'after it is finished'])(
    'leaves nothing behind when it is discarded %s',
    async (when) => {
      const layout = tmpLayout()
      const incoming = await openStore(layout).create()
      await incoming.write(bytes)
      if (when.startsWith('after')) await incoming.finish()
      await incoming.discard()
      await incoming.discard()
      // Its file is closed.
      await expect(incoming.write(bytes)).rejects.toThrow()
      expect(namesIn(layout.tmp)).toEqual([])
      expect(namesIn(layout.blobs)).toEqual([])
    },
  )

  it('stays when it is discarded after it was kept', async () => {
    const layout = tmpLayout()
    const incoming = await openStore(layout).create()
    await incoming.write(bytes)
    await incoming.finish()
    const file = await incoming.keep()
    await incoming.discard()
    expect(readFileSync(file).equals(bytes)).toBe(true)
  })

  it('does not mix with another one', async () => {
    const store = openStore(tmpLayout())
    const [a, b] = await Promise.all([store.create(), store.create()])
    await Promise.all([a.write(Buffer.from('aa')), b.write(Buffer.from('b'))])
    await Promise.all([a.write(Buffer.from('aa')), b.write(Buffer.from('b'))])
    await Promise.all([a.finish(), b.finish()])
    expect(readFileSync(await a.keep(), 'utf8')).toBe('aaaa')
    expect(readFileSync(await b.keep(), 'utf8')).toBe('bb')
  })
})

describe('verify', () => {
  it('gives the path of a good blob, with and without a memo', async () => {
    const { layout, store, file } = await createFilled()
    expect(store.verify(hash)).toBe(file)
    expect(openStore(layout).verify(hash)).toBe(file)
  })

  it('gives nothing for a blob that is missing', async () => {
    const { layout, store } = await createFilled()
    const other = createHash('sha256').update('other').digest('hex')
    expect(store.verify(other)).toBeUndefined()
    expect(namesIn(layout.quarantine)).toEqual([])
  })

  it('sets a blob aside whose bytes have changed, even by one bit', async () => {
    const { layout, store, file } = await createFilled()
    flipBit(file)
    const spoilt = readFileSync(file)
    // The memo of the process that wrote it is not fooled either.
    expect(store.verify(hash)).toBeUndefined()
    expect(existsSync(file)).toBe(false)
    const names = namesIn(layout.quarantine)
    expect(names).toHaveLength(1)
    expect(names[0]).toContain(hash)
    expect(readFileSync(join(layout.quarantine, names[0])).equals(spoilt)).toBe(true)
    expect(store.verify(hash)).toBeUndefined()
  })

  it('sets it aside though the memo knows those very bytes', async () => {
    const { layout, file } = await createFilled()
    flipBit(file)
    const memo = laterMemo(layout)
    memo.hash(file)
    expect(createBlobStore(layout, memo).verify(hash)).toBeUndefined()
  })

  it('sets a blob aside that was cut off', async () => {
    const { layout, file } = await createFilled()
    truncateSync(file, bytes.length - 1)
    expect(openStore(layout).verify(hash)).toBeUndefined()
    expect(namesIn(layout.quarantine)).toHaveLength(1)
  })

  it('leaves what Git LFS has in place of a blob where it is, and says how to get the bytes', async () => {
    const { layout, file } = await createFilled()
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${hash}\nsize 300000\n`
    writeFileSync(file, pointer)
    expect(() => openStore(layout).verify(hash)).toThrow(
      `${file} is not here, only Git LFS's pointer to it. Run \`git lfs pull\``,
    )
    expect(readFileSync(file, 'utf8')).toBe(pointer)
    expect(namesIn(layout.quarantine)).toEqual([])
    writeFileSync(file, bytes)
    expect(openStore(layout).verify(hash)).toBe(file)
  })

  it('is not fooled by a large file that begins like a pointer', async () => {
    const { layout, file } = await createFilled()
    writeFileSync(file, `version https://git-lfs.github.com/spec/v1\n${'x'.repeat(2000)}`)
    expect(openStore(layout).verify(hash)).toBeUndefined()
  })

  it('takes a blob back once it is whole again', async () => {
    const { layout, file } = await createFilled()
    flipBit(file)
    const store = openStore(layout)
    expect(store.verify(hash)).toBeUndefined()
    const again = await store.create()
    await again.write(bytes)
    await again.finish()
    await again.keep()
    expect(store.verify(hash)).toBe(file)
  })

  it('tells a blob that cannot be read from one that is missing', () => {
    const layout = tmpLayout()
    const store = openStore(layout)
    mkdirSync(store.path(hash), { recursive: true })
    expect(() => store.verify(hash)).toThrow('EISDIR')
  })
})
