import { readFileSync, statSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Directives, Format } from '../../src/core/formats.ts'
import { inspectSource } from '../../src/image/inspect.ts'
import { sniffFile } from '../../src/image/sniff.ts'
import { convertImage, renderPreview } from '../../src/image/variants.ts'
import { describeImage, drawNoise, makePng } from '../helpers/images.ts'
import { makeTurnedJpeg, readPixel } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

const jpeg90: Directives = { format: 'jpeg', quality: 90 }

/**
 * The first divisor of a JPEG's luminance table. libjpeg makes it from the quality q ≥ 50 as
 * round(16 × (200 − 2q) / 100).
 */
function readFirstDivisor(jpeg: Buffer): number {
  const table = jpeg.indexOf(Buffer.from([0xff, 0xdb]))
  return jpeg.readUInt8(table + 5)
}

describe('convertImage', () => {
  it.each<[Format, Directives]>([
    ['png', jpeg90],
    ['png', { format: 'webp', quality: 90 }],
    ['png', { format: 'avif', quality: 75 }],
    ['jpeg', { format: 'png' }],
  ])('turns a %s into what %j says, and leaves the result as it is', async (format, directives) => {
    const { write, path } = tmpProject()
    const bytes = await drawNoise().toFormat(format).toBuffer()
    const file = write('result', bytes)
    const target = path('target')
    const written = await convertImage(file, directives, target)
    expect(await sniffFile(target)).toBe(directives.format)
    expect(await sharp(target).metadata()).toMatchObject({ width: 60, height: 40 })
    expect(written).toEqual({ bytes: statSync(target).size, width: 60, height: 40 })
    expect(readFileSync(file).equals(bytes)).toBe(true)
  })

  it.each([
    [90, 3],
    [75, 8],
    [100, 1],
  ])('gives a JPEG quality %i', async (quality, divisor) => {
    const { write, path } = tmpProject()
    const file = write('result', await makePng())
    await convertImage(file, { format: 'jpeg', quality }, path('hero.jpg'))
    expect(readFirstDivisor(readFileSync(path('hero.jpg')))).toBe(divisor)
  })

  it.each(['webp', 'avif'] as const)('minds the quality of a %s', async (format) => {
    const { write, path } = tmpProject()
    const file = write('result', await makePng())
    const low = await convertImage(file, { format, quality: 30 }, path('low'))
    const high = await convertImage(file, { format, quality: 90 }, path('high'))
    expect(low.bytes).toBeLessThan(high.bytes * 0.7)
  })

  it('shows transparency as white in a JPEG', async () => {
    const { write, path } = tmpProject()
    const clear = sharp({
      create: { width: 60, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
    const file = write('result', await clear.png().toBuffer())
    await convertImage(file, jpeg90, path('hero.jpg'))
    expect(await readPixel(path('hero.jpg'), 30, 20)).toEqual([255, 255, 255])
  })

  it('keeps transparency where the format can', async () => {
    const { write, path } = tmpProject()
    const file = write('result', await makePng({ alpha: true }))
    await convertImage(file, { format: 'webp', quality: 90 }, path('hero.webp'))
    expect(await sharp(path('hero.webp')).metadata()).toMatchObject({ hasAlpha: true })
  })
})

describe('renderPreview', () => {
  it.each<[number, Directives]>([
    [2, { format: 'png' }],
    [4, { format: 'png' }],
    [8, { format: 'png' }],
    [16, { format: 'png' }],
    [2, jpeg90],
    [2, { format: 'webp', quality: 90 }],
    [2, { format: 'avif', quality: 75 }],
  ])('has the size that the result at %ix will have, as %j', async (scale, directives) => {
    const { write, path } = tmpProject()
    const source = {
      file: write('hero', await makePng({ width: 37, height: 23 })),
      bytes: 1000,
      width: 37,
      height: 23,
    }
    const written = await renderPreview(source, scale, directives, path('target'))
    const size = { width: 37 * scale, height: 23 * scale }
    expect(written).toEqual({ ...size, bytes: statSync(path('target')).size })
    expect(await sharp(path('target')).metadata()).toMatchObject(size)
    expect(await sniffFile(path('target'))).toBe(directives.format)
  })

  it('stands upright, as the result will', async () => {
    const { write, path } = tmpProject()
    const file = write('hero.jpg', await makeTurnedJpeg(60, 40, 6))
    const source = await inspectSource(file, 2, 'png')
    await renderPreview(source, 2, { format: 'png' }, path('target'))
    expect(await describeImage(readFileSync(path('target')))).toEqual({
      format: 'png',
      width: 80,
      height: 120,
    })
    const [red] = await readPixel(path('target'), 40, 2)
    const [noRed] = await readPixel(path('target'), 40, 117)
    expect(red).toBeGreaterThan(200)
    expect(noRed).toBeLessThan(60)
    expect((await sharp(path('target')).metadata()).orientation).toBeUndefined()
  })

  it('shows a picture that was saved anew', async () => {
    const { write, path } = tmpProject()
    const render = async (seed: number): Promise<Buffer> => {
      const file = write('hero.png', await makePng({ seed }))
      await renderPreview(
        { file, bytes: 1000, width: 60, height: 40 },
        2,
        { format: 'png' },
        path('target'),
      )
      return readFileSync(path('target'))
    }
    const first = await render(1)
    expect((await render(2)).equals(first)).toBe(false)
    expect((await render(1)).equals(first)).toBe(true)
  })
})
