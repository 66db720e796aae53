import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { copyTagged } from '../../src/image/tag.ts'
import { listChunks } from '../helpers/containers.ts'
import { drawNoise, makeJpeg, makePng, makeWebp } from '../helpers/images.ts'
import { insertChunk } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

/** What becomes of a file's bytes. */
async function copy(bytes: Buffer): Promise<{ copied: Buffer; bytes: number; sha256?: string }> {
  const project = tmpProject({ a: bytes, b: 'what was there before' })
  const told = await copyTagged(project.path('a'), project.path('b'))
  expect(readFileSync(project.path('a')).equals(bytes)).toBe(true)
  return { copied: readFileSync(project.path('b')), ...told }
}

describe('copyTagged', () => {
  it.each([
    ['small', {}],
    ['of several pieces', { width: 700, height: 500 }],
    ['with alpha', { alpha: true }],
  ])('says of a PNG that says nothing that it is sRGB: %s', async (_, settings) => {
    const png = await makePng(settings)
    const { copied, bytes, sha256 } = await copy(png)
    // Each chunk's checksum is looked at.
    expect(listChunks(copied).slice(0, 3)).toEqual(['IHDR', 'sRGB', 'IDAT'])
    expect(copied).toHaveLength(png.length + 13)
    expect(bytes).toBe(copied.length)
    expect(sha256).toBe(createHash('sha256').update(copied).digest('hex'))
    const [before, after] = await Promise.all(
      [png, copied].map(async (image) => sharp(image).raw().toBuffer()),
    )
    expect(after?.equals(before ?? Buffer.alloc(0))).toBe(true)
  })

  it.each<[string, () => Promise<Buffer>]>([
    ['a JPEG', makeJpeg],
    ['a WebP', makeWebp],
    ['a PNG with a profile', async () => drawNoise().withIccProfile('p3').png().toBuffer()],
    ['a PNG that is sRGB', async () => insertChunk(await makePng(), 'sRGB', Buffer.from([1]))],
    ['a PNG with a gamma', async () => insertChunk(await makePng(), 'gAMA', Buffer.alloc(4, 1))],
    ['a PNG with cICP', async () => insertChunk(await makePng(), 'cICP', Buffer.alloc(4, 1))],
    ['a PNG that was cut off', async () => (await makePng()).subarray(0, 40)],
    ['the beginning of a PNG', async () => (await makePng()).subarray(0, 10)],
    ['nothing', async () => Buffer.alloc(0)],
  ])('copies as it is %s', async (_, make) => {
    const before = await make()
    const { copied, bytes, sha256 } = await copy(before)
    expect(copied.equals(before)).toBe(true)
    expect({ bytes, sha256 }).toEqual({ bytes: before.length, sha256: undefined })
  })
})
