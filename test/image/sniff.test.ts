import { describe, expect, it } from 'vitest'
import { sniffBytes, sniffFile } from '../../src/image/sniff.ts'
import type { SniffedFormat } from '../../src/image/sniff.ts'
import { drawNoise } from '../helpers/images.ts'
import { makeAnimatedWebp, makeApng } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'

describe('sniffFile', () => {
  it.each(['png', 'jpeg', 'webp', 'avif', 'gif', 'tiff'] as const)(
    'knows a real %s, whatever it is called',
    async (format) => {
      const bytes = await drawNoise({ width: 16, height: 16 }).toFormat(format).toBuffer()
      expect(await sniffFile(tmpProject().write('file.txt', bytes))).toBe(format)
    },
  )

  it('knows animations for what they are stored in', async () => {
    const { write } = tmpProject()
    const png = await drawNoise().png().toBuffer()
    expect(await sniffFile(write('a', makeApng(png)))).toBe('png')
    expect(await sniffFile(write('b', await makeAnimatedWebp()))).toBe('webp')
  })

  it('knows a large JPEG with its EXIF in front', async () => {
    const bytes = await drawNoise().withMetadata({ orientation: 6 }).jpeg().toBuffer()
    expect(await sniffFile(tmpProject().write('a', bytes))).toBe('jpeg')
  })

  it('says what is wrong with a file that cannot be read', async () => {
    const { path, dir } = tmpProject()
    await expect(sniffFile(path('missing'))).rejects.toThrow('ENOENT')
    await expect(sniffFile(dir)).rejects.toThrow('EISDIR')
  })
})

describe('sniffBytes', () => {
  it.each<[SniffedFormat, string]>([
    ['empty', ''],
    ['svg', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['svg', '<svg>'],
    ['svg', '\xEF\xBB\xBF<svg>'],
    ['svg', '\n  <?xml version="1.0"?>\n<!-- by hand -->\n<svg width="1">'],
    ['svg', '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x"><svg>'],
    ['svg', '<!-- by hand --><SVG>'],
    ['html', '<!doctype html><title>Log in</title>'],
    ['html', '\r\n<!DOCTYPE HTML PUBLIC "x">'],
    ['html', '<html lang="en">'],
    ['html', '<head><meta charset="utf-8">'],
    ['html', '<body>Not found'],
    ['html', '<!doctype html><svg></svg>'],
    ['gif', 'GIF87a\u0001'],
    ['gif', 'GIF89a\u0001'],
    ['bmp', 'BM\0\0\0\0'],
    ['heif', '\0\0\0\u0018ftypheic\0\0\0\0mif1heic'],
    ['avif', '\0\0\0\u0018ftypmif1\0\0\0\0mif1avif'],
    ['avif', '\0\0\0\u0018ftypavis\0\0\0\0'],
    ['tiff', 'II*\0\u0008\0\0\0'],
    ['tiff', 'MM\0*\0\0\0\u0008'],
    ['unknown', '<?xml version="1.0"?><note/>'],
    ['unknown', '{"message":"Not found"}'],
    ['lfs', 'version https://git-lfs.github.com/spec/v1\n'],
    ['unknown', 'RIFF\0\0\0\0WAVE'],
    ['unknown', '\x89PNG\n\x1A\n'],
    ['unknown', '\x89PNG'],
    ['unknown', 'xx\xFF\xD8\xFF'],
    ['unknown', '\0'],
  ])('tells %s by %j', (format, text) => {
    expect(sniffBytes(Buffer.from(text, 'latin1'))).toBe(format)
  })
})
