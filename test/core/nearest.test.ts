import { describe, expect, it } from 'vitest'
import { findNearest, suggest } from '../../src/core/nearest.ts'

const candidates = ['creativity', 'hdr', 'resemblance', 'engine', 'apiKey']

describe('findNearest', () => {
  it.each([
    ['creativty', 'creativity'],
    ['craetivity', 'creativity'],
    ['creativities', undefined],
    ['hr', 'hdr'],
    ['HDR', 'hdr'],
    ['apikey', 'apiKey'],
    ['APIKEY', 'apiKey'],
    ['engine', 'engine'],
    ['enjine', 'engine'],
    ['oil', undefined],
    // Two letters of three: anything would be near.
    ['had', undefined],
    ['hex', undefined],
    ['', undefined],
    ['x', undefined],
    ['w', undefined],
  ])('takes %j for %j', (word, candidate) => {
    expect(findNearest(word, candidates)).toBe(candidate)
  })

  it('minds no capitals on either side', () => {
    expect(findNearest('heroimage', ['HERO_IMAGE'])).toBe('HERO_IMAGE')
  })

  it('takes the nearest of several', () => {
    expect(findNearest('previews', ['previous', 'preview'])).toBe('preview')
  })

  it('finds nothing among none', () => {
    expect(findNearest('hdr', [])).toBeUndefined()
  })
})

describe('suggest', () => {
  it('is a sentence to append, or nothing', () => {
    expect(suggest('creativty', candidates)).toBe(' Did you mean "creativity"?')
    expect(suggest('colour', candidates)).toBe('')
  })
})
