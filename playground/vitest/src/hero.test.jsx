import { render, screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import { Hero } from './hero.jsx'

// Tests neither wait for pictures nor pay for them, whatever is in the cache and in the environment.
it('shows the picture', () => {
  render(<Hero />)
  expect(screen.getByAltText('A hill').src).toContain('hero.png')

  const small = screen.getByAltText('A small hill')
  expect(small.src).toContain('hero.png')
  expect([small.width, small.height]).toEqual([400, 320])

  const sizes = screen.getByAltText('A hill in two sizes').srcset.split(', ')
  expect(sizes).toEqual([
    expect.stringMatching(/hero\.png\S* 400w$/),
    expect.stringMatching(/hero\.png\S* 800w$/),
  ])
})
