import { readFileSync, statSync } from 'node:fs'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Directives } from '../../src/core/directives.ts'
import type { Format } from '../../src/core/formats.ts'
import { sniffFile } from '../../src/image/sniff.ts'
import { planVariant, renderVariant } from '../../src/image/variants.ts'
import { errorOf } from '../helpers/errors.ts'
import { drawNoise, makePng } from '../helpers/images.ts'
import { readPixel } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

const jpeg90: Directives = { format: 'jpeg', quality: '90' }

/**
 * The first divisor of a JPEG's luminance table. libjpeg makes it from the quality q ≥ 50 as
 * round(16 × (200 − 2q) / 100).
 */
function readFirstDivisor(jpeg: Buffer): number {
  const table = jpeg.indexOf(Buffer.from([0xff, 0xdb]))
  return jpeg.readUInt8(table + 5)
}

describe('renderVariant', () => {
  it.each<[Format, Directives]>([
    ['png', jpeg90],
    ['png', { format: 'webp', quality: '90' }],
    ['png', { format: 'avif', quality: '75' }],
    ['jpeg', { format: 'png' }],
  ])('turns a %s into what %j says, and leaves the result as it is', async (format, directives) => {
    const { write, path } = tmpProject()
    const bytes = await drawNoise().toFormat(format).toBuffer()
    const file = write('result', bytes)
    const target = path('target')
    const written = await renderVariant(file, directives, target)
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
    await renderVariant(file, { format: 'jpeg', quality: String(quality) }, path('hero.jpg'))
    expect(readFirstDivisor(readFileSync(path('hero.jpg')))).toBe(divisor)
  })

  it.each(['webp', 'avif'] as const)('minds the quality of a %s', async (format) => {
    const { write, path } = tmpProject()
    const file = write('result', await makePng())
    const low = await renderVariant(file, { format, quality: '30' }, path('low'))
    const high = await renderVariant(file, { format, quality: '90' }, path('high'))
    expect(low.bytes).toBeLessThan(high.bytes * 0.7)
  })

  it('shows transparency as white in a JPEG', async () => {
    const { write, path } = tmpProject()
    const clear = sharp({
      create: { width: 60, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
    const file = write('result', await clear.png().toBuffer())
    await renderVariant(file, jpeg90, path('hero.jpg'))
    expect(await readPixel(path('hero.jpg'), 30, 20)).toEqual([255, 255, 255])
  })

  it('keeps transparency where the format can', async () => {
    const { write, path } = tmpProject()
    const file = write('result', await makePng({ alpha: true }))
    await renderVariant(file, { format: 'webp', quality: '90' }, path('hero.webp'))
    expect(await sharp(path('hero.webp')).metadata()).toMatchObject({ hasAlpha: true })
  })
})

describe('planVariant', () => {
  const size = { width: 240, height: 160 }

  it.each<[Directives, object]>([
    [{ format: 'png' }, size],
    [
      { w: '60', format: 'png' },
      { width: 60, height: 40 },
    ],
    [
      { h: '60', format: 'png' },
      { width: 90, height: 60 },
    ],
    [
      { w: '60', h: '60', format: 'png' },
      { width: 60, height: 60 },
    ],
    [
      { w: '60', h: '60', fit: 'inside', format: 'png' },
      { width: 60, height: 40 },
    ],
    [
      { w: '60', h: '60', fit: 'outside', format: 'png' },
      { width: 90, height: 60 },
    ],
    [
      { aspect: '1:1', format: 'png' },
      { width: 160, height: 160 },
    ],
    // As sharp has it, with which imagetools agrees.
    [
      { w: '60', rotate: '90', format: 'png' },
      { width: 40, height: 40 },
    ],
    [
      { rotate: '90', format: 'png' },
      { width: 160, height: 240 },
    ],
    [
      { rotate: '45', format: 'png' },
      { width: 283, height: 283 },
    ],
    [{ aspect: '2', fit: 'outside', format: 'png' }, size],
    [{ rotate: '-180', format: 'png' }, size],
    [
      { w: '480', allowUpscale: 'true', format: 'png' },
      { width: 480, height: 320 },
    ],
    [
      { w: '120', basePixels: '60', format: 'png' },
      { width: 120, height: 80, density: '2x' },
    ],
  ])('knows how large %j will be', async (directives, planned) => {
    expect(await planVariant(size, directives)).toMatchObject(planned)
  })

  it.each<[Directives, string]>([
    [
      { w: '241', format: 'png' },
      'would be larger than the upscaled image, which is 240×160. Write a smaller `w` or `h`',
    ],
    [{ h: '161', format: 'webp' }, 'The variant h=161&format=webp would be larger'],
    [{ w: '100', aspect: '1:2', format: 'png' }, 'would be larger'],
    [{ w: '240', h: '161', fit: 'contain', format: 'png' }, 'would be larger'],
    [
      { background: 'nocolour', flatten: 'true', format: 'png' },
      'The variant background=nocolour&flatten=true&format=png cannot be made: ',
    ],
    [
      { background: '#12345', w: '9', format: 'png' },
      'The variant background=#12345&w=9&format=png cannot be made: ',
    ],
    // Less than half a pixel.
    [{ w: '100', aspect: '1000', format: 'png' }, 'would be 100×0, which is nothing.'],
    [{ aspect: '0.001', format: 'png' }, 'would be 0×160, which is nothing.'],
  ])('refuses %j', async (directives, says) => {
    const error = await errorOf(async () => planVariant(size, directives))
    expect(error.code).toBe('BAD_QUERY')
    expect(error.text).toContain(says)
  })

  it.each<[Directives, string]>([
    [{ w: '16384', format: 'webp' }, 'would be 16384×9, and a WEBP ends at 16383 pixels a side'],
    [{ w: '65501', format: 'jpeg' }, 'a JPEG ends at 65500 pixels a side'],
    [{ w: '6000', h: '6000', format: 'png' }, 'would be 6000×6000, and'],
  ])('refuses what is too large to be written: %j', async (directives, says) => {
    const large = { width: 1800, height: 1 }
    const { w = '', h = '1', ...others } = directives
    const asked = { w, h: h === '1' ? '9' : h, allowUpscale: 'true', ...others }
    const error = await errorOf(async () => planVariant(large, asked))
    expect(error.code).toBe('OUTPUT_TOO_LARGE')
    expect(error.text).toContain(says)
  })

  it('foresees the size of what is made', async () => {
    const { write, path } = tmpProject()
    const file = write('result', await makePng({ width: 61, height: 37 }))
    const side = fc.integer({ min: 1, max: 70 }).map(String)
    const arbitrary = fc.record(
      {
        w: side,
        h: side,
        aspect: fc.constantFrom('16:9', '1', '0.3', '5'),
        fit: fc.constantFrom('cover', 'contain', 'fill', 'inside', 'outside'),
        rotate: fc.constantFrom('0', '90', '-90', '180', '270', '30'),
        allowUpscale: fc.constant('true'),
        flip: fc.constant('true'),
        format: fc.constant('png' as const),
      },
      { requiredKeys: ['format'], noNullPrototype: true },
    )
    let made = 0
    await fc.assert(
      fc.asyncProperty(arbitrary, async (directives) => {
        if (directives.w && directives.h && directives.aspect) return
        const planned = await planVariant({ width: 61, height: 37 }, directives).catch(() => {})
        if (!planned) return
        made++
        const { width, height } = await renderVariant(file, directives, path('target'))
        // Rounded by libvips once more where it keeps the shape.
        const slack = ['inside', 'outside'].includes(directives.fit ?? '') ? 1 : 0
        expect(Math.abs(width - planned.width)).toBeLessThanOrEqual(slack)
        expect(Math.abs(height - planned.height)).toBeLessThanOrEqual(slack)
        expect(await sharp(path('target')).metadata()).toMatchObject({ width, height })
      }),
      { numRuns: 200 },
    )
    expect(made).toBeGreaterThan(50)
  })
})
