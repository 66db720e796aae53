import { describe, expect, it } from 'vitest'
import { formatOfName, nameVariant } from '../../src/core/formats.ts'
import type { Format } from '../../src/core/formats.ts'
import { errorOf } from '../helpers/errors.ts'

describe('formatOfName', () => {
  it.each([
    ['/a/hero.png', 'png'],
    ['/a/hero.jpg', 'jpeg'],
    ['/a/hero.jpeg', 'jpeg'],
    ['/a/hero.jpe', 'jpeg'],
    ['/a/hero.jfif', 'jpeg'],
    ['/a/hero.pjpeg', 'jpeg'],
    ['/a/hero.pjp', 'jpeg'],
    ['/a/hero.webp', 'webp'],
    ['/a/hero.avif', 'avif'],
    // What browsers do not show, or only in 256 colours.
    ['/a/hero.gif', 'webp'],
    ['/a/hero.tif', 'webp'],
    ['/a/hero.tiff', 'webp'],
    ['/a/hero.bmp', 'webp'],
    ['/a/hero.heic', 'webp'],
    ['/a/hero.HEIF', 'webp'],
    ['/a/HERO.PNG', 'png'],
    ['/a/hero.jpg.png', 'png'],
    ['/a.jpg/hero.png', 'png'],
    ['hero.png', 'png'],
    ['C:\\a\\hero.webp', 'webp'],
  ])('%s ships a %s', (file, format) => {
    expect(formatOfName(file)).toBe(format)
  })

  it.each(['svg', 'psd', 'jxl', 'html', 'png2', 'constructor', '__proto__'])(
    'refuses .%s, and names what can be shipped',
    async (extension) => {
      const file = `/a/hero.${extension}`
      const error = await errorOf(() => formatOfName(file))
      expect(error).toMatchObject({ code: 'SOURCE_REFUSED', file })
      expect(error.text).toContain(`".${extension}" names no format`)
      expect(error.text).toContain(
        'png, jpg, jpeg, jpe, jfif, pjpeg, pjp, webp, avif, gif, tif, tiff, bmp, heic, heif',
      )
      expect(error.text).toContain('or write the format into the query, format=webp')
    },
  )

  it.each(['/a/hero', '/a.png/hero', '/a/hero.', 'C:\\a.png\\hero'])(
    'refuses a name without an extension: %s',
    async (file) => {
      expect((await errorOf(() => formatOfName(file))).text).toContain(
        'A name without an extension',
      )
    },
  )
})

describe('nameVariant', () => {
  it.each<[string, Format, string]>([
    ['/a/hero.png', 'png', 'hero.png'],
    ['/a/hero.png', 'webp', 'hero.webp'],
    ['/a/hero.png', 'jpeg', 'hero.jpg'],
    ['/a/HERO.PNG', 'png', 'HERO.PNG'],
    // Any extension of the format will do.
    ['/a/hero.jpeg', 'jpeg', 'hero.jpeg'],
    ['/a/hero.pjp', 'jpeg', 'hero.pjp'],
    ['/a/hero.gif', 'webp', 'hero.webp'],
    ['/a/hero.min.png', 'avif', 'hero.min.avif'],
    ['/a/hero', 'webp', 'hero.webp'],
    ['/a/.png', 'png', '.png'],
    ['/a/.hidden', 'webp', '.hidden.webp'],
    ['/a.b/hero', 'avif', 'hero.avif'],
  ])('calls the variant of %s as a %s: %s', (file, format, name) => {
    expect(nameVariant(file, format)).toBe(name)
  })

  it.each([
    ['/project/what?.png', 'what_.png'],
    ['/project/#1.png', '_1.png'],
    ['/project/100%.png', '100_.png'],
    ['/project/%23?#.png', '_23__.png'],
    ['/project/a & b=c+d.png', 'a & b=c+d.png'],
    ['/project/grüße 🐕.png', 'grüße 🐕.png'],
    ['/what?/hero.png', 'hero.png'],
    // As long as names may be.
    [`/${'x'.repeat(251)}.png`, `${'x'.repeat(251)}.png`],
  ])('gives %s a name that no host cuts: %s', (file, name) => {
    expect(nameVariant(file, 'png')).toBe(name)
  })
})
