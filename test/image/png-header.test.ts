import { describe, expect, it } from 'vitest'
import { readPngSize, startsPng } from '../../src/image/png-header.ts'
import { makeJpeg, makePng } from '../helpers/images.ts'

describe('readPngSize', () => {
  it('tells the size of a PNG, whatever is in it', async () => {
    expect(readPngSize(await makePng({ width: 70, height: 50 }))).toEqual({ width: 70, height: 50 })
    const withAlpha = await makePng({ width: 1, height: 300, alpha: true })
    expect(readPngSize(withAlpha)).toEqual({ width: 1, height: 300 })
  })

  it.each<[string, () => Promise<Buffer>]>([
    ['a JPEG', makeJpeg],
    ['nothing', async () => Buffer.alloc(0)],
    ['a header that was cut off', async () => (await makePng()).subarray(0, 32)],
    ['a PNG whose first chunk is another one', async () => rename(await makePng(), 'sRGB')],
    ['a PNG that was sent as text', async () => Buffer.from((await makePng()).toString('utf8'))],
  ])('tells none of %s', async (_, make) => {
    expect(readPngSize(await make())).toBeUndefined()
  })
})

it('a PNG is told by its beginning', async () => {
  expect(startsPng((await makePng()).subarray(0, 16))).toBe(true)
  expect(startsPng((await makePng()).subarray(0, 15))).toBe(false)
})

/** Gives the first chunk of a PNG another type. */
function rename(png: Buffer, type: string): Buffer {
  const renamed = Buffer.from(png)
  renamed.write(type, 12, 'latin1')
  return renamed
}
