import { setImmediate as turn } from 'node:timers/promises'
import type { ImageBody } from '../../src/api/post.ts'

/** Bytes as a body, in pieces of the given size. */
export function bodyOf(bytes: Uint8Array, pieceSize = 65_536): ImageBody {
  return {
    bytes: bytes.length,
    open: async function* () {
      for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize)
    },
  }
}

/** A body that tells how much of it has been taken. */
export interface CountedBody extends ImageBody {
  /** Bytes that were asked for so far. */
  readonly taken: number
  /** Whether whoever took it has let go of it. */
  readonly closed: boolean
}

/**
 * A body far too large to be held anywhere, made as it is taken; the event loop turns between two pieces, as it does
 * when a file is read.
 */
export function createCountedBody(bytes: number, pieceSize = 65_536): CountedBody {
  const piece = Buffer.alloc(pieceSize, 0xa5)
  let taken = 0
  let closed = false
  return {
    bytes,
    get taken() {
      return taken
    },
    get closed() {
      return closed
    },
    open: async function* () {
      try {
        while (taken < bytes) {
          const next = piece.subarray(0, Math.min(pieceSize, bytes - taken))
          taken += next.length
          yield next
          await turn()
        }
      } finally {
        closed = true
      }
    },
  }
}
