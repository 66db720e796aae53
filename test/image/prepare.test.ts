import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { inspectSource } from '../../src/image/inspect.ts'
import { prepareSource } from '../../src/image/prepare.ts'
import { makeTurnedJpeg, readPixel } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

type Side = 'left' | 'right' | 'top' | 'bottom'
const opposite = { left: 'right', right: 'left', top: 'bottom', bottom: 'top' } as const

describe('prepareSource', () => {
  it('sends an upright picture as it is, without reading it', async () => {
    const file = tmpProject().write('hero.jpg', await makeTurnedJpeg(60, 40, 1))
    const source = await inspectSource(file, 2, 'jpeg')
    const read = async (): Promise<Buffer> => {
      throw new Error('It was read.')
    }
    expect(await prepareSource(source, read)).toBeUndefined()
  })

  // Stored with red on the left half; where red is as it is shown, by the EXIF standard.
  it.each<[number, Side]>([
    [2, 'right'],
    [3, 'right'],
    [4, 'left'],
    [5, 'top'],
    [6, 'top'],
    [7, 'bottom'],
    [8, 'bottom'],
  ])('turns orientation %i upright: red goes to the %s', async (orientation, side) => {
    const file = tmpProject().write('hero.jpg', await makeTurnedJpeg(60, 40, orientation))
    const source = await inspectSource(file, 2, 'jpeg')
    let reads = 0
    const prepared = await prepareSource(source, async () => {
      reads++
      return readFileSync(file)
    })
    if (!prepared) throw new Error('Nothing was prepared.')
    expect(reads).toBe(1)
    const { format, width, height, orientation: left } = await sharp(prepared).metadata()
    expect({ format, width, height, left }).toEqual({
      format: 'png',
      width: source.width,
      height: source.height,
      left: undefined,
    })
    const places: Record<Side, [left: number, top: number]> = {
      left: [1, height / 2],
      right: [width - 2, height / 2],
      top: [width / 2, 1],
      bottom: [width / 2, height - 2],
    }
    const [red, , blue] = await readPixel(prepared, ...places[side])
    expect(red).toBeGreaterThan(200)
    expect(blue).toBeLessThan(60)
    const [noRed] = await readPixel(prepared, ...places[opposite[side]])
    expect(noRed).toBeLessThan(60)
  })
})
