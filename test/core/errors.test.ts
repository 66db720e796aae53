import { describe, expect, it } from 'vitest'
import { MagnificError, placeError } from '../../src/core/errors.ts'

describe('MagnificError', () => {
  it('says what happened, then names the file and the importer', () => {
    const error = new MagnificError('BAD_QUERY', 'It broke. Mend it.', {
      file: '/a/hero.png',
      importer: '/a/main.ts',
    })
    expect(error.message).toBe('It broke. Mend it.\n  file: /a/hero.png\n  imported by: /a/main.ts')
    expect(error).toMatchObject({
      name: 'MagnificError',
      code: 'BAD_QUERY',
      text: 'It broke. Mend it.',
      file: '/a/hero.png',
      importer: '/a/main.ts',
    })
    expect(error).toBeInstanceOf(Error)
  })

  it('names no place that is not known', () => {
    const error = new MagnificError('BAD_QUERY', 'It broke.')
    expect(error.message).toBe('It broke.')
    expect(error.file).toBeUndefined()
    expect('cause' in error).toBe(false)
  })

  it('keeps its cause', () => {
    const cause = new Error('deep')
    expect(new MagnificError('RESULT_BAD', 'It broke.', { cause }).cause).toBe(cause)
  })
})

describe('placeError', () => {
  const cause = new Error('deep')
  const error = new MagnificError('RESULT_BAD', 'It broke.', { cause })

  it('names the place in the message and in the stack', () => {
    const placed = placeError(error, { file: '/a/hero.png', importer: '/a/main.ts' })
    expect(placed).toBeInstanceOf(MagnificError)
    expect(placed).toMatchObject({
      code: 'RESULT_BAD',
      text: 'It broke.',
      message: 'It broke.\n  file: /a/hero.png\n  imported by: /a/main.ts',
      cause,
    })
    const { stack } = placed as Error
    expect(stack).toContain('file: /a/hero.png\n  imported by: /a/main.ts\n')
    // It still says where it was thrown, not where it was placed.
    expect(stack?.split('\n').slice(3)).toEqual(error.stack?.split('\n').slice(1))
  })

  it('lets what the error knows win', () => {
    const known = new MagnificError('RESULT_BAD', 'It broke.', { file: '/a/known.png' })
    expect(placeError(known, { file: '/a/hero.png', importer: '/a/main.ts' })).toMatchObject({
      file: '/a/known.png',
      importer: '/a/main.ts',
      message: 'It broke.\n  file: /a/known.png\n  imported by: /a/main.ts',
    })
  })

  it('names a place once, however often it is told', () => {
    const place = { file: '/a/hero.png', importer: '/a/main.ts' }
    const once = placeError(error, place) as MagnificError
    expect((placeError(once, place) as MagnificError).message).toBe(once.message)
  })

  it('returns what is not ours as it came', () => {
    const other = new TypeError('not ours')
    expect(placeError(other, { file: '/a/hero.png' })).toBe(other)
    expect(placeError('text', { file: '/a/hero.png' })).toBe('text')
    expect(placeError(undefined, { file: '/a/hero.png' })).toBeUndefined()
    expect(other.message).toBe('not ours')
  })

  it.each(['/a/$&.png', '/a/$$.png'])('writes the odd path %s into the stack as it is', (file) => {
    expect((placeError(error, { file }) as Error).stack).toContain(`file: ${file}\n`)
  })
})
