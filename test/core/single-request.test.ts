import { describe, expect, it } from 'vitest'
import { parseRequest } from '../../src/core/request.ts'
import { checkSingle, isSingle } from '../../src/core/single-request.ts'
import { errorOf } from '../helpers/errors.ts'
import { vocabularyOf } from '../helpers/vocabulary.ts'

describe('checkSingle', () => {
  const parse = (query: string): ReturnType<typeof parseRequest> =>
    parseRequest('/a/hero.png', `magnific&${query}`, vocabularyOf())

  it.each(['', 'w=9', 'format=webp&as=url', 'as=lqip', 'inline'])('takes ?%s', (query) => {
    expect(isSingle(parse(query))).toBe(true)
    expect(() => checkSingle(parse(query))).not.toThrow()
  })

  it.each([
    [
      'w=8;9',
      'The query gives 2 variants, and here is room for one URL. Name one picture, such as w=1280&format=webp, or import',
    ],
    [
      'as=srcset',
      '`as=srcset` gives no URL, but something for scripts, and here is room for one URL. Name one picture, such as w=1280&format=webp&as=url, or import',
    ],
    ['w=9&as=metadata:width', '`as=metadata:width` gives no URL'],
  ])('refuses ?%s: %s', async (query, says) => {
    expect(isSingle(parse(query))).toBe(false)
    const error = await errorOf(() => checkSingle(parse(query)))
    expect(error.code).toBe('UNSUPPORTED_REFERENCE')
    expect(error.text).toContain(says)
  })
})
