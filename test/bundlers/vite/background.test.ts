import { describe, expect, it, vi } from 'vitest'
import { createBackground } from '../../../src/bundlers/vite/dev/background.ts'
import { MagnificError } from '../../../src/core/errors.ts'
import type { Upscaler } from '../../../src/upscaler.ts'

const image = { file: '/a.png', query: 'magnific=2x' }

/** One whose purchases end as they are told to. */
function createFake(): {
  upscaler: Upscaler
  ends: ((error?: Error) => void)[]
  begin: () => void
} {
  const ends: ((error?: Error) => void)[] = []
  const begin = vi.fn<() => void>()
  const upscale = async (): Promise<void> =>
    new Promise((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve()))
    })
  return { upscaler: { upscale, begin } as unknown as Upscaler, ends, begin }
}

describe('createBackground', () => {
  it('begins once for an image, and tells when it is done', async () => {
    const { upscaler, ends } = createFake()
    const background = createBackground(upscaler, { error: () => {} })
    const told = new Promise((resolve) => background.listen(resolve))
    background.upscale(image)
    background.upscale(image)
    expect(ends).toHaveLength(1)
    ends[0]?.()
    expect(await told).toBe('/a.png')
  })

  it('leaves what failed alone until the image changes, and tells one error once', async () => {
    const { upscaler, ends, begin } = createFake()
    const error = vi.fn<(message: string) => void>()
    const background = createBackground(upscaler, { error })
    const refused = new MagnificError('API_REFUSED', 'No credit.')
    const fail = async (index: number): Promise<void> => {
      ends[index]?.(refused)
      await new Promise(setImmediate)
    }
    background.upscale(image)
    background.upscale({ ...image, query: 'magnific=4x' })
    await fail(0)
    await fail(1)
    background.upscale(image)
    expect(ends).toHaveLength(2)
    expect(error).toHaveBeenCalledTimes(1)
    expect(error.mock.calls[0]?.[0]).toContain('tries again when the image changes')

    background.forget('/a.png')
    expect(begin).toHaveBeenCalled()
    background.upscale(image)
    await fail(2)
    expect(error).toHaveBeenCalledTimes(2)
  })
})
