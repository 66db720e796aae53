import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { isAnimated } from '../../src/image/animation.ts'
import { makePng } from '../helpers/images.ts'
import { insertChunk, makeApng, makeAvifSequence } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

describe('isAnimated', () => {
  it('knows a sequence of AVIF by its brand', async () => {
    const { write } = tmpProject()
    const sequence = await makeAvifSequence()
    expect(await isAnimated(write('a.avif', sequence), 'avif')).toBe(true)
    sequence.write('avif', 8, 'latin1')
    expect(await isAnimated(write('b.avif', sequence), 'avif')).toBe(false)
  })

  it('knows an animation that sharp takes for a still picture', async () => {
    const apng = makeApng(await makePng())
    expect((await sharp(apng).metadata()).pages ?? 1).toBe(1)
    expect(await isAnimated(tmpProject().write('a.png', apng), 'png')).toBe(true)
  })

  it('knows it behind other chunks, long ones too', async () => {
    const long = Buffer.concat([Buffer.from('Comment\0'), Buffer.alloc(100_000, 'acTL')])
    const apng = insertChunk(makeApng(await makePng()), 'tEXt', long)
    expect(await isAnimated(tmpProject().write('a.png', apng), 'png')).toBe(true)
  })

  it('is not fooled by the same letters in the pixels or in a text', async () => {
    const { write } = tmpProject()
    const png = await makePng()
    const text = insertChunk(png, 'tEXt', Buffer.from('Comment\0acTL acTL'))
    expect(await isAnimated(write('plain.png', png), 'png')).toBe(false)
    expect(await isAnimated(write('text.png', text), 'png')).toBe(false)
    // Behind the pixels the chunk means nothing.
    const apng = makeApng(png)
    const late = Buffer.concat([png.subarray(0, -12), apng.subarray(33, 53), png.subarray(-12)])
    expect(late.toString('latin1')).toContain('acTL')
    expect(await isAnimated(write('late.png', late), 'png')).toBe(false)
  })

  it('comes to an end with a file that was cut off', async () => {
    const { write } = tmpProject()
    const png = await makePng()
    for (const length of [0, 8, 10, 20, 33, 37]) {
      expect(await isAnimated(write('cut.png', png.subarray(0, length)), 'png')).toBe(false)
    }
  })
})
