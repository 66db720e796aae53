import { describe, expect, it } from 'vitest'
import { directivesOfName } from '../../src/core/formats.ts'
import { errorOf } from '../helpers/errors.ts'

describe('directivesOfName', () => {
  it.each([
    ['/a/hero.png', { format: 'png' }],
    ['/a/hero.jpg', { format: 'jpeg', quality: 90 }],
    ['/a/hero.jpeg', { format: 'jpeg', quality: 90 }],
    ['/a/hero.jpe', { format: 'jpeg', quality: 90 }],
    ['/a/hero.jfif', { format: 'jpeg', quality: 90 }],
    ['/a/hero.pjpeg', { format: 'jpeg', quality: 90 }],
    ['/a/hero.pjp', { format: 'jpeg', quality: 90 }],
    ['/a/hero.webp', { format: 'webp', quality: 90 }],
    ['/a/hero.avif', { format: 'avif', quality: 75 }],
    ['/a/HERO.PNG', { format: 'png' }],
    ['/a/hero.jpg.png', { format: 'png' }],
    ['/a.jpg/hero.png', { format: 'png' }],
    ['hero.png', { format: 'png' }],
    ['C:\\a\\hero.webp', { format: 'webp', quality: 90 }],
  ])('%s ships %j', (file, directives) => {
    expect(directivesOfName(file)).toEqual(directives)
  })

  it.each(['svg', 'gif', 'tiff', 'html', 'png2', 'constructor', '__proto__'])(
    'refuses .%s, and names what can be shipped',
    async (extension) => {
      const file = `/a/hero.${extension}`
      const error = await errorOf(() => directivesOfName(file))
      expect(error).toMatchObject({ code: 'SOURCE_REFUSED', file })
      expect(error.text).toContain(`".${extension}" names no format`)
      expect(error.text).toContain('png, jpg, jpeg, jpe, jfif, pjpeg, pjp, webp, avif')
    },
  )

  it.each(['/a/hero', '/a.png/hero', '/a/hero.', 'C:\\a.png\\hero'])(
    'refuses a name without an extension: %s',
    async (file) => {
      expect((await errorOf(() => directivesOfName(file))).text).toContain(
        'A name without an extension',
      )
    },
  )
})
