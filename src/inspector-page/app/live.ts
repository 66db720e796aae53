import type { Inspection, InspectorEvent } from '../../inspector/contract.ts'
import { Unreachable } from './server.ts'
import type { Server } from './server.ts'
import type { Store } from './store.ts'

/** ms until a server that is gone is asked for again: longer each time. */
const waits = [1000, 2000, 4000, 8000]

/** What keeps the page up to date. */
export interface Live {
  /** Reads the inspection again; several calls at once are one. */
  refresh(): Promise<void>
  /** Says what went wrong, and begins to look for the server where it is gone. */
  explain(error: unknown): string
}

/**
 * Follows the server: in dev through Vite's socket, whose messages another script on the page turns into events of the
 * window, and where there is none through an EventSource.
 */
export function followServer(store: Store, server: Server): Live {
  let attempt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let isReading = false
  let isStale = false
  /** That something has changed, be it nothing of the inspection itself: there may be a result to compare. */
  let isTold = false

  const lose = (): void => {
    if (store.connection !== 'gone') store.set({ connection: 'gone' })
    timer ??= setTimeout(
      () => {
        timer = undefined
        void find()
      },
      waits[Math.min(attempt++, waits.length - 1)],
    )
  }
  const find = async (): Promise<void> => {
    try {
      await server.inspection()
      server.renew()
    } catch {
      lose()
    }
  }
  const refresh = async (): Promise<void> => {
    isStale = true
    if (isReading) return
    isReading = true
    try {
      while (isStale) {
        isStale = false
        const inspection = await server.inspection()
        if (isTold || !isSame(store.inspection, inspection)) store.set({ inspection })
        isTold = false
      }
    } catch {
      lose()
    } finally {
      isReading = false
    }
  }
  const receive = (event: InspectorEvent): void => {
    if (event.kind === 'changed') {
      isTold = true
      void refresh()
      return
    }
    store.set({ progress: event })
    // What has ended has changed an image, and the totals.
    if (event.phase !== 'done' && event.phase !== 'failed') return
    isTold = true
    void refresh()
  }

  // What other processes do, such as the commands that the page tells to run, nobody tells it.
  const look = (): void => {
    if (document.visibilityState === 'visible' && store.connection === 'live') void refresh()
  }
  addEventListener('focus', look)
  document.addEventListener('visibilitychange', look)

  addEventListener('magnific-event', (event) => {
    receive((event as CustomEvent<InspectorEvent>).detail)
  })
  addEventListener('magnific-connection', (event) => {
    if (!(event as CustomEvent<boolean>).detail) lose()
    else if (store.connection === 'gone') void find()
  })
  if (document.querySelector('meta[name=magnific-events][content=sse]')) {
    const source = new EventSource('api/events')
    source.addEventListener('message', ({ data }) => receive(JSON.parse(String(data))))
    source.addEventListener('error', lose)
    source.addEventListener('open', () => {
      if (store.connection === 'gone') void find()
    })
  }
  return {
    refresh,
    explain: (error) => {
      if (error instanceof Unreachable) lose()
      return error instanceof Error ? error.message : String(error)
    },
  }
}

/** What is drawn anew loses its focus, and the click that is just being made. */
function isSame(before: Inspection, after: Inspection): boolean {
  const read = (inspection: Inspection): string => JSON.stringify({ ...inspection, createdAt: '' })
  return read(before) === read(after)
}
