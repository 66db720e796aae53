import { describe, expect, it } from 'vitest'
import { verifyResult } from '../../src/image/verify.ts'
import { errorOf } from '../helpers/errors.ts'
import { drawNoise, makePng } from '../helpers/images.ts'
import { drawPlain, makeBombPng } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

/** Verifies bytes under a name that says nothing, as a download has. */
async function verify(bytes: Uint8Array | string) {
  return verifyResult(tmpProject().write('download', bytes))
}

async function refusalOf(bytes: Uint8Array | string): Promise<string> {
  const error = await errorOf(async () => verify(bytes))
  expect(error.code).toBe('RESULT_BAD')
  return error.text
}

describe('verifyResult', () => {
  it.each(['png', 'jpeg', 'webp', 'avif'] as const)('takes a whole %s', async (format) => {
    const bytes = await drawNoise({ width: 61, height: 43 }).toFormat(format).toBuffer()
    expect(await verify(bytes)).toEqual({
      format,
      bytes: bytes.length,
      width: 61,
      height: 43,
      hasAlpha: false,
    })
  })

  it('takes a result as large as the API makes them', async () => {
    const bytes = await drawPlain(5060, 5000).png({ compressionLevel: 1 }).toBuffer()
    expect(await verify(bytes)).toMatchObject({ format: 'png', width: 5060, height: 5000 })
  })

  it.each([
    ['nothing', '', 'empty'],
    ['an error page', '<!doctype html><title>Expired</title>', 'html'],
    [
      'an error of the storage',
      '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
      'unknown',
    ],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'svg'],
    ['an answer of the API', '{"message":"Not found"}', 'unknown'],
  ])('refuses %s', async (_, text, format) => {
    expect(await refusalOf(text)).toBe(`The download is no picture (${format}).`)
  })

  it.each(['gif', 'tiff'] as const)('refuses a %s, which the API never made', async (format) => {
    expect(await refusalOf(await drawNoise().toFormat(format).toBuffer())).toContain(format)
  })

  it.each(['png', 'jpeg', 'webp', 'avif'] as const)(
    'refuses a %s that was cut off, though its header is good',
    async (format) => {
      const bytes = await drawNoise({ width: 400, height: 300 }).toFormat(format).toBuffer()
      for (const length of [bytes.length >> 1, bytes.length - 500]) {
        expect(await refusalOf(bytes.subarray(0, length))).toMatch(
          /^The download is damaged: .+\.$/,
        )
      }
    },
  )

  it('refuses a PNG with a bad spot', async () => {
    const bytes = await makePng({ width: 400, height: 300 })
    bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 100)
    expect(await refusalOf(bytes)).toContain('The download is damaged')
  })

  it('refuses more pixels than the API ever returns, by the header alone', async () => {
    expect(await refusalOf(makeBombPng(5060, 5001))).toContain('5060×5001 is over 25.3 megapixels')
    expect(await refusalOf(makeBombPng(16_000, 16_000))).toContain('is over 25.3 megapixels')
  })
})
