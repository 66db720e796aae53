/** Work that several callers may want at once and that must happen once. */
export interface SingleFlight<T> {
  /**
   * Starts the work, or joins it where it is under way. A caller whose signal aborts leaves with the signal's reason;
   * the work itself is aborted only when everybody has left, and the last one to leave waits until it has ended: it may
   * have a last step to finish.
   *
   * @returns the work's value, and whether this caller joined what another one had started
   */
  run(
    key: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ value: T; joined: boolean }>
  /** Whether nothing is under way. */
  isIdle(): boolean
}

interface Flight<T> {
  promise: Promise<T>
  controller: AbortController
  callers: number
}

/** Flights by key. A finished one is forgotten, whether it went well or not. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>()

  const start = (key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const controller = new AbortController()
    const promise = work(controller.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key)
    })
    const flight: Flight<T> = { promise, controller, callers: 0 }
    flights.set(key, flight)
    return flight
  }

  return {
    isIdle: () => flights.size === 0,
    run: async (key, signal, work) => {
      signal?.throwIfAborted()
      let underWay = flights.get(key)
      // Nobody can join what is being called off, nor run beside it.
      while (underWay?.controller.signal.aborted) {
        await underWay.promise.catch(() => {})
        signal?.throwIfAborted()
        underWay = flights.get(key)
      }
      const joined = underWay !== undefined
      const flight = underWay ?? start(key, work)
      flight.callers++
      try {
        return { value: await leaveOnAbort(flight.promise, signal), joined }
      } finally {
        flight.callers--
        if (flight.callers === 0) {
          flight.controller.abort(signal?.reason)
          await flight.promise.catch(() => {})
        }
      }
    },
  }
}

async function leaveOnAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  let leave = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
