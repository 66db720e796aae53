/** Waits for conditions on things that change here, without a clock. */
export interface Waiters {
  /** To be called after every change. */
  check: () => void
  /** Resolves once the condition holds; rejects after `timeout` ms, or when the signal aborts. */
  until: (condition: () => boolean, timeout?: number) => Promise<void>
}

/** Starts with nobody waiting. */
export function createWaiters(signal: AbortSignal): Waiters {
  const waiting = new Set<() => void>()
  signal.addEventListener('abort', () => {
    for (const look of waiting) look()
  })
  return {
    check() {
      for (const look of waiting) look()
    },
    until(condition, timeout = 10_000) {
      return new Promise((resolve, reject) => {
        const stop = (settle: () => void): void => {
          clearTimeout(timer)
          waiting.delete(look)
          settle()
        }
        const look = (): void => {
          try {
            if (condition()) stop(resolve)
            else if (signal.aborted) stop(() => reject(new Error('The emulator was closed.')))
          } catch (error) {
            stop(() => reject(error instanceof Error ? error : new Error(String(error))))
          }
        }
        const late = (): void =>
          stop(() => reject(new Error(`The condition did not hold within ${timeout} ms.`)))
        const timer = setTimeout(late, timeout)
        waiting.add(look)
        look()
      })
    },
  }
}
