/** Bounds one exchange over fetch: it ends with the caller's signal, or when it takes too long. */
export interface Connection {
  /** For fetch. */
  readonly signal: AbortSignal
  /**
   * Waits for a step of the exchange, and no longer than the exchange lasts.
   *
   * @throws what the step throws, or why the exchange ended
   */
  wait<T>(step: Promise<T>): Promise<T>
  /** Reads a body to its end. */
  read(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array>
  /** The exchange is over, however it ended. */
  close(): void
}

/** A longer timer would go off at once, ms. */
const longestTimer = 2 ** 31 - 1

/**
 * Fetch, and `AbortSignal.any`, hold their signals weakly: a body that is being read may outlive what would have aborted
 * it, and then it is waited for in vain. So everything hangs on a controller of our own, and each step is raced against it.
 *
 * @param signal the caller's
 * @param limits `silence`: the longest that nothing may come, `total`: the longest for all of it; ms
 */
export function openConnection(
  signal: AbortSignal | undefined,
  limits: { silence?: number; total?: number },
): Connection {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  const end = (what: string, ms: number): void =>
    controller.abort(new Error(`${what} ${Math.round(ms) / 1000} s.`))
  const { silence, total } = limits
  const silenceTimer =
    silence === undefined ? undefined : setTimeout(() => end('Nothing came for', silence), silence)
  const totalTimer =
    total === undefined
      ? undefined
      : setTimeout(() => end('It took more than', total), Math.min(total, longestTimer))
  /** Who waits, and is to be told that it has ended. */
  const waiting = new Set<(reason: unknown) => void>()
  const stop = (): void => {
    for (const reject of waiting) reject(controller.signal.reason)
  }
  controller.signal.addEventListener('abort', stop, { once: true })

  // Not `Promise.race` with one promise for all steps: that would hold what each step gave, all of a download, to its end.
  const wait = async <T>(step: Promise<T>): Promise<T> => {
    let leave: ((reason: unknown) => void) | undefined
    try {
      const value = await new Promise<T>((resolve, reject) => {
        step.then(resolve, reject)
        waiting.add((leave = reject))
        if (controller.signal.aborted) stop()
      })
      silenceTimer?.refresh()
      return value
    } finally {
      if (leave) waiting.delete(leave)
    }
  }

  return {
    signal: controller.signal,
    wait,
    read: async function* (body) {
      const reader = body.getReader()
      try {
        for (;;) {
          const { done, value } = await wait(reader.read())
          if (done) return
          yield value
        }
      } finally {
        // Nothing more is wanted of it, and whether it minds does not matter.
        reader.cancel().catch(() => {})
      }
    },
    close: () => {
      clearTimeout(silenceTimer)
      clearTimeout(totalTimer)
      signal?.removeEventListener('abort', abort)
      controller.abort()
    },
  }
}
