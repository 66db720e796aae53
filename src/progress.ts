import { formatDuration, formatEstimate } from './core/format-units.ts'

/** A terminal, or what stands in for one. */
export interface ProgressStream {
  isTTY?: boolean | undefined
  columns?: number | undefined
  write(text: string): boolean
}

/** An image that is being worked on. */
export interface ProgressItem {
  /** @param estimate euros that this image will have cost */
  update(kind: 'waiting' | 'submitting' | 'upscaling' | 'downloading', estimate: number): void
  /** @param spent euros that it has cost for certain; what failed counts as nothing */
  done(spent: number): void
}

/** The line that updates on a terminal while images are being worked on. Elsewhere it is silent. */
export interface Progress {
  begin(): ProgressItem
}

/** The images of this process, by the keys of the report: an image is counted once, however often it is referenced. */
export interface Tally {
  readonly asked: Set<string>
  readonly cached: Set<string>
  readonly done: Set<string>
  /** euros */
  spent: number
}

/** Nothing is asked for yet. */
export function createTally(): Tally {
  return { asked: new Set(), cached: new Set(), done: new Set(), spent: 0 }
}

/** Another build begins. */
export function resetTally(tally: Tally): void {
  for (const keys of [tally.asked, tally.cached, tally.done]) keys.clear()
  tally.spent = 0
}

/** How often the line is drawn anew, ms. */
const frame = 200

/**
 * `magnific 12/64 · 8 upscaling · 41 cached · ~€4.20 · 1m12s`, on a terminal only.
 *
 * @param streams the first one is drawn on; writing to any of them clears the line first, so that the host's output
 *   never mixes with it
 */
export function createProgress(
  streams: readonly [ProgressStream, ...ProgressStream[]],
  tally: Tally,
  now: () => number = Date.now,
): Progress {
  const [terminal] = streams
  if (!terminal.isTTY) return { begin: () => ({ update: () => {}, done: () => {} }) }

  const active = new Map<object, { kind: string; estimate: number }>()
  let startedAt = 0
  let timer: NodeJS.Timeout | undefined
  let restore = (): void => {}
  let drawn = false

  const clear = (write: ProgressStream['write']): void => {
    if (drawn) write('\r\u001B[K')
    drawn = false
  }
  const draw = (write: ProgressStream['write']): void => {
    const upscaling = [...active.values()].filter(({ kind }) => kind !== 'waiting').length
    const estimate = [...active.values()].reduce((sum, item) => sum + item.estimate, tally.spent)
    const parts = [
      `magnific ${tally.done.size}/${tally.asked.size}`,
      `${upscaling} upscaling`,
      `${tally.cached.size} cached`,
      ...(estimate > 0 ? [formatEstimate(estimate)] : []),
      formatDuration(now() - startedAt),
    ]
    // One column short of the terminal's width: a full line makes some terminals wrap.
    const line = parts.join(' · ').slice(0, Math.max((terminal.columns || 80) - 1, 0))
    write(`\r\u001B[K${line}`)
    drawn = true
  }
  const start = (): void => {
    startedAt = now()
    const write = terminal.write.bind(terminal)
    restore = guardStreams(streams, () => clear(write))
    timer = setInterval(() => draw(write), frame)
    timer.unref()
  }
  const stop = (): void => {
    clearInterval(timer)
    restore()
    clear(terminal.write.bind(terminal))
  }

  return {
    begin: () => {
      if (active.size === 0) start()
      const item = { kind: 'waiting', estimate: 0 }
      active.set(item, item)
      return {
        update: (kind, estimate) => Object.assign(item, { kind, estimate }),
        done: (spent) => {
          if (!active.delete(item)) return
          tally.spent += spent
          if (active.size === 0) stop()
        },
      }
    },
  }
}

/** Calls `before` ahead of every write, until the returned function is called. */
function guardStreams(streams: readonly ProgressStream[], before: () => void): () => void {
  const originals = streams.map((stream) => ({ stream, write: stream.write }))
  for (const { stream, write } of originals) {
    stream.write = (...args: Parameters<typeof write>): boolean => {
      before()
      return write.apply(stream, args)
    }
  }
  return () => {
    for (const { stream, write } of originals) stream.write = write
  }
}
