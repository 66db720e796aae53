import { expect, it } from 'vitest'
import { createEarlyHints } from '../../src/api/early-hints.ts'

it('gives each task that was told of once', () => {
  const early = createEarlyHints({ now: () => 0 })
  early.keep('a')
  early.keep('a')
  expect(['b', 'a', 'a'].map(early.take)).toEqual([false, true, false])
})

it('forgets after a minute', () => {
  let now = 0
  const early = createEarlyHints({ now: () => now })
  early.keep('a')
  early.keep('b')
  now = 59_999
  expect(early.take('a')).toBe(true)
  now = 60_000
  expect(early.take('b')).toBe(false)
})

it('keeps the newest 64, however many are made up', () => {
  const early = createEarlyHints({ now: () => 0 })
  early.keep('again')
  for (let index = 0; index < 1000; index++) {
    early.keep(`task-${index}`)
    if (index === 970) early.keep('again')
  }
  expect([935, 936, 937, 999].map((index) => early.take(`task-${index}`))).toEqual([
    false,
    false,
    true,
    true,
  ])
  expect(early.take('again')).toBe(true)
})
