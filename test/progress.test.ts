import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createProgress } from '../src/progress.ts'
import type { ProgressStream, Tally } from '../src/progress.ts'

const clearLine = '\r\u001B[K'

/** A terminal that notes what is written to it. `write` is inherited, as it is for real streams. */
class FakeStream implements ProgressStream {
  readonly chunks: string[] = []
  readonly isTTY: boolean | undefined
  readonly columns: number | undefined

  constructor(isTTY?: boolean, columns?: number) {
    this.isTTY = isTTY
    this.columns = columns
  }

  write(text: string): boolean {
    this.chunks.push(text)
    return true
  }

  /** What has been written since the last call. */
  take(): string {
    return this.chunks.splice(0).join('')
  }
}

function createTally(asked: number, cached: number, done: number): Tally {
  const keys = (count: number): Set<string> =>
    new Set(Array.from({ length: count }, (_, index) => String(index)))
  return { asked: keys(asked), cached: keys(cached), done: keys(done), spent: 0 }
}

/** A clock of our own, and the line that goes by it. */
function createLine(streams: [FakeStream, ...FakeStream[]], tally = createTally(64, 41, 12)) {
  const clock = { now: 1_000_000 }
  return { clock, ...createProgress(streams, tally, () => clock.now) }
}

/** Until the next time that the line is drawn. */
const nextFrame = (): void => void vi.advanceTimersToNextTimer()

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

describe('the progress line', () => {
  it('counts what is done, upscaling and cached, the estimate and the time', () => {
    const terminal = new FakeStream(true, 120)
    const { clock, begin } = createLine([terminal])
    // One waits for its turn; what is being sent or fetched counts as upscaling.
    begin()
    begin().update('submitting', 0.5)
    for (let index = 0; index < 6; index++) begin().update('upscaling', 0.5)
    begin().update('downloading', 0.7)
    clock.now += 72_000
    nextFrame()
    expect(terminal.take()).toBe(
      `${clearLine}magnific 12/64 · 8 upscaling · 41 cached · ~€4.20 · 1m12s`,
    )
  })

  it('shows no price where nothing is paid', () => {
    const terminal = new FakeStream(true, 120)
    const { begin } = createLine([terminal], createTally(1, 0, 0))
    begin().update('upscaling', 0)
    nextFrame()
    expect(terminal.take()).toBe(`${clearLine}magnific 0/1 · 1 upscaling · 0 cached · 0.0s`)
  })

  it('follows what changes', () => {
    const terminal = new FakeStream(true, 120)
    const tally = createTally(2, 0, 0)
    const { begin } = createLine([terminal], tally)
    const first = begin()
    const second = begin()
    first.update('upscaling', 0.1)
    second.update('upscaling', 0.3)
    nextFrame()
    expect(terminal.take()).toContain('magnific 0/2 · 2 upscaling · 0 cached · ~€0.40 ·')
    // What is spent stays spent when an image is done.
    first.done(0.1)
    first.done(0.1)
    tally.done.add('0')
    second.update('downloading', 0.3)
    nextFrame()
    expect(terminal.take()).toContain('magnific 1/2 · 1 upscaling · 0 cached · ~€0.40 ·')
  })

  it.each([10, 20, 40, 57, 58, 80])('is shorter than a terminal of %i columns', (columns) => {
    const terminal = new FakeStream(true, columns)
    const { clock, begin } = createLine([terminal])
    begin().update('upscaling', 4.2)
    clock.now += 72_000
    nextFrame()
    const whole = 'magnific 12/64 · 1 upscaling · 41 cached · ~€4.20 · 1m12s'
    const line = terminal.take().replace(clearLine, '')
    expect(line).toBe(whole.slice(0, columns - 1))
    expect(line.length).toBeLessThan(columns)
    expect(line).not.toBe('')
  })

  it('takes a terminal of unknown width for one of 80 columns', () => {
    const terminal = new FakeStream(true)
    const { begin } = createLine([terminal], createTally(10 ** 4, 10 ** 4, 10 ** 4))
    for (let index = 0; index < 10_000; index++) begin().update('upscaling', 1e9)
    nextFrame()
    expect(terminal.take().replace(clearLine, '')).toHaveLength(79)
  })

  it('is cleared before anybody else writes, to whichever stream', () => {
    const terminal = new FakeStream(true, 80)
    const other = new FakeStream(true, 80)
    const { begin } = createLine([terminal, other])
    begin()
    nextFrame()
    expect(terminal.take()).toContain('magnific')

    terminal.write('from the host\n')
    expect(terminal.take()).toBe(`${clearLine}from the host\n`)
    terminal.write('more\n')
    // It is cleared once, until it is drawn again.
    expect(terminal.take()).toBe('more\n')

    nextFrame()
    expect(terminal.take()).toContain('magnific')
    expect(other.write('from a page\n')).toBe(true)
    expect(terminal.take()).toBe(clearLine)
    expect(other.take()).toBe('from a page\n')
  })

  it('hands on everything that a write is given', () => {
    const terminal = new FakeStream(true, 80)
    const write = vi.spyOn(terminal, 'write')
    const { begin } = createLine([terminal])
    begin()
    const callback = (): void => {}
    ;(terminal.write as (...args: unknown[]) => boolean)('text', 'utf8', callback)
    expect(write).toHaveBeenLastCalledWith('text', 'utf8', callback)
    expect(write.mock.contexts.at(-1)).toBe(terminal)
  })

  it('goes when the last image is done, and gives the streams back', () => {
    const terminal = new FakeStream(true, 80)
    const other = new FakeStream(true, 80)
    const { write } = terminal
    const { begin } = createLine([terminal, other])
    const items = [begin(), begin()]
    expect(terminal.write).not.toBe(write)
    nextFrame()
    terminal.take()
    items[0].done(0)
    expect(terminal.take()).toBe('')
    expect(terminal.write).not.toBe(write)
    items[1].done(0)
    expect(terminal.take()).toBe(clearLine)
    expect(terminal.write).toBe(write)
    expect(other.write).toBe(write)
    expect(vi.getTimerCount()).toBe(0)
    terminal.write('the table\n')
    expect(terminal.take()).toBe('the table\n')
  })

  it('draws nothing for what is done in no time', () => {
    const terminal = new FakeStream(true, 80)
    createLine([terminal]).begin().done(0)
    expect(terminal.chunks).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('starts afresh for the next images', () => {
    const terminal = new FakeStream(true, 80)
    const { clock, begin } = createLine([terminal])
    const item = begin()
    item.update('upscaling', 4)
    clock.now += 60_000
    item.done(0)
    clock.now += 60_000
    begin().update('upscaling', 0.1)
    clock.now += 2000
    nextFrame()
    // What failed has cost nothing that is known.
    expect(terminal.take()).toContain('~€0.10 · 2.0s')
    expect(vi.getTimerCount()).toBe(1)
  })

  it('is silent where there is no terminal', () => {
    const pipe = new FakeStream(undefined, 80)
    const { write } = pipe
    const item = createLine([pipe, new FakeStream(true, 80)]).begin()
    item.update('upscaling', 1)
    expect(vi.getTimerCount()).toBe(0)
    expect(pipe.write).toBe(write)
    item.done(0)
    expect(pipe.chunks).toEqual([])
  })
})
