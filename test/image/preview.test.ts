import { readFileSync, statSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Format } from '../../src/core/formats.ts'
import { renderPreview } from '../../src/image/preview.ts'
import { sniffFile } from '../../src/image/sniff.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { makeTurnedJpeg, readPixel } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

describe('renderPreview', () => {
  it.each<[number, Format]>([
    [2, 'png'],
    [4, 'png'],
    [8, 'png'],
    [16, 'png'],
    [2, 'jpeg'],
    [2, 'webp'],
    [2, 'avif'],
  ])('has the size that the result at %ix will have, as a %s', async (scale, format) => {
    const { write, path } = tmpProject()
    const source = {
      file: write('hero', await makePng({ width: 37, height: 23 })),
      bytes: 1000,
      width: 37,
      height: 23,
    }
    const size = { width: 37 * scale, height: 23 * scale }
    const written = await renderPreview(source, size, format, path('target'))
    expect(written).toEqual({ ...size, bytes: statSync(path('target')).size })
    expect(await sharp(path('target')).metadata()).toMatchObject(size)
    expect(await sniffFile(path('target'))).toBe(format)
  })

  it('has the size of a result that is not the source enlarged by a whole number', async () => {
    const { write, path } = tmpProject()
    const file = write('hero', await makePng({ width: 37, height: 23 }))
    const size = { width: 70, height: 44 }
    await renderPreview({ file, bytes: 1000, width: 37, height: 23 }, size, 'png', path('target'))
    expect(await sharp(path('target')).metadata()).toMatchObject(size)
  })

  it('stands upright, as the result will', async () => {
    const { write, path } = tmpProject()
    const file = write('hero.jpg', await makeTurnedJpeg(60, 40, 6))
    const source = { file, bytes: 1000, width: 40, height: 60 }
    await renderPreview(source, { width: 80, height: 120 }, 'png', path('target'))
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
      const source = { bytes: 1000, width: 60, height: 40 }
      const file = write('hero.png', await makePng({ seed }))
      await renderPreview({ file, ...source }, { width: 120, height: 80 }, 'png', path('target'))
      return readFileSync(path('target'))
    }
    const first = await render(1)
    expect((await render(2)).equals(first)).toBe(false)
    expect((await render(1)).equals(first)).toBe(true)
  })

  it('shows transparency as white in a JPEG', async () => {
    const { write, path } = tmpProject()
    const background = { r: 0, g: 0, b: 0, alpha: 0 }
    const clear = sharp({ create: { width: 60, height: 40, channels: 4, background } })
    const file = write('hero.png', await clear.png().toBuffer())
    const source = { file, bytes: 1000, width: 60, height: 40 }
    await renderPreview(source, { width: 120, height: 80 }, 'jpeg', path('target'))
    expect(await readPixel(path('target'), 60, 40)).toEqual([255, 255, 255])
  })
})
