/** A run of bytes of a file: from `start` up to `end`, which is not part of it. */
export interface ByteRange {
  start: number
  end: number
}

/** What a grammar wants next: so many bytes, to pass over so many, or to stand behind the next byte of that value. */
type Wish = { read: number } | { skip: number } | { find: number }

/** The bytes that were read, if any were, and the place in the file behind them. */
interface Piece {
  bytes: Buffer
  at: number
}

/**
 * How the files of a format are built: it asks for what it needs to see, and returns the ranges that matter, or
 * `undefined` where a file is not as it knows them.
 */
export type Grammar<Result = ByteRange[] | undefined> = Generator<Wish, Result, Piece>

/**
 * Runs a grammar over a file that is read once, in pieces of any size; nothing is held of it but what is asked for.
 *
 * @param chunks the file; taken to its end, whatever comes of it
 * @returns what the grammar returns, `undefined` where the file ends before that
 */
export async function scan(
  chunks: AsyncIterable<Buffer>,
  grammar: Grammar,
): Promise<ByteRange[] | undefined> {
  const nothing: Buffer = Buffer.alloc(0)
  let step = grammar.next()
  let held = nothing
  let skipped = 0
  let position = 0
  for await (const chunk of chunks) {
    let offset = 0
    while (!step.done) {
      const wish = step.value
      if ('read' in wish) {
        const piece = chunk.subarray(offset, offset + wish.read - held.length)
        held = Buffer.concat([held, piece])
        offset += piece.length
        if (held.length < wish.read) break
      } else if ('skip' in wish) {
        const taken = Math.min(chunk.length - offset, wish.skip - skipped)
        skipped += taken
        offset += taken
        if (skipped < wish.skip) break
      } else {
        const found = chunk.indexOf(wish.find, offset)
        offset = found < 0 ? chunk.length : found + 1
        if (found < 0) break
      }
      step = grammar.next({ bytes: held, at: position + offset })
      held = nothing
      skipped = 0
    }
    position += chunk.length
  }
  return step.done ? step.value : undefined
}

/**
 * The bytes of a file that lie in some ranges.
 *
 * @param chunks the file; taken to its end
 * @param ranges in order
 */
export async function* selectRanges(
  chunks: AsyncIterable<Buffer>,
  ranges: readonly ByteRange[],
): AsyncGenerator<Buffer> {
  let position = 0
  for await (const chunk of chunks) {
    for (const { start, end } of ranges) {
      const from = Math.max(start - position, 0)
      const to = Math.min(end - position, chunk.length)
      if (from < to) yield chunk.subarray(from, to)
    }
    position += chunk.length
  }
}
