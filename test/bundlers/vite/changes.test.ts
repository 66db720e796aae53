import { EventEmitter } from 'node:events'
import { rmSync } from 'node:fs'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { watchChanges } from '../../../src/bundlers/vite/dev/changes.ts'
import type { FileChange } from '../../../src/bundlers/vite/dev/changes.ts'
import { tmpProject } from '../../helpers/project.ts'
import type { Project } from '../../helpers/project.ts'

/** A picture in a project, and what is told of it by a watcher that keeps more to itself than it tells. */
function watchPicture(): {
  project: Project
  file: string
  watcher: EventEmitter
  told: FileChange[]
} {
  const project = tmpProject({ 'a.png': 'a', 'b.png': 'b' })
  const file = project.path('a.png')
  const watcher = new EventEmitter()
  const told: FileChange[] = []
  watchChanges(
    watcher,
    (path) => path === file,
    (change) => told.push(change),
  )
  return { project, file, watcher, told }
}

describe('watchChanges', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
  })

  it('tells of a change once, and of no file that does not matter', () => {
    const { project, file, watcher, told } = watchPicture()
    watcher.emit('all', 'change', project.path('b.png'))
    watcher.emit('all', 'change', file)
    expect(told).toEqual([{ file, exists: true, isUntold: false }])
    vi.runAllTimers()
    expect(told).toHaveLength(1)
  })

  it('finds what the watcher keeps to itself, as often as there is more of it', () => {
    const { project, file, watcher, told } = watchPicture()
    project.write('a.png', '')
    watcher.emit('all', 'change', file)
    project.write('a.png', 'half')
    vi.advanceTimersToNextTimer()
    project.write('a.png', 'half and half')
    vi.runAllTimers()
    const untold = { file, exists: true, isUntold: true }
    expect(told).toEqual([{ file, exists: true, isUntold: false }, untold, untold])
  })

  it('finds a file gone, and back', () => {
    const { project, file, watcher, told } = watchPicture()
    watcher.emit('all', 'change', file)
    rmSync(file)
    vi.advanceTimersToNextTimer()
    project.write('a.png', 'a')
    vi.runAllTimers()
    expect(told.map(({ exists }) => exists)).toEqual([true, false, true])
  })

  it('leaves what the watcher tells itself to the watcher', () => {
    const { project, file, watcher, told } = watchPicture()
    watcher.emit('all', 'change', file)
    project.write('a.png', 'another')
    watcher.emit('all', 'change', file)
    vi.runAllTimers()
    expect(told.map(({ isUntold }) => isUntold)).toEqual([false, false])
  })
})
