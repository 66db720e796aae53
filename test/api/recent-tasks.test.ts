import { expect, it } from 'vitest'
import { createRecentTasks } from '../../src/api/recent-tasks.ts'

it('gives each task that was kept once', () => {
  const recent = createRecentTasks({ now: () => 0 })
  recent.keep('a')
  recent.keep('a')
  expect(['b', 'a', 'a'].map(recent.take)).toEqual([false, true, false])
})

it('forgets after a minute', () => {
  let now = 0
  const recent = createRecentTasks({ now: () => now })
  recent.keep('a')
  recent.keep('b')
  now = 59_999
  expect(recent.take('a')).toBe(true)
  now = 60_000
  expect(recent.take('b')).toBe(false)
})

it('keeps the newest 64, however many are made up', () => {
  const recent = createRecentTasks({ now: () => 0 })
  recent.keep('again')
  for (let index = 0; index < 1000; index++) {
    recent.keep(`task-${index}`)
    if (index === 970) recent.keep('again')
  }
  expect([935, 936, 937, 999].map((index) => recent.take(`task-${index}`))).toEqual([
    false,
    false,
    true,
    true,
  ])
  expect(recent.take('again')).toBe(true)
})
