import type { Preview } from '../server.ts'

/** ms from the last input until a preview is asked for. */
const pause = 250

/** Asks for previews: one at a time, the last input's. */
export interface Trial {
  /** Asks soon, for what is asked for then. */
  schedule(query: string): void
  /** Asks for nothing more, and drops what comes. */
  cancel(): void
}

/** @param ask is aborted as soon as another preview is wanted */
export function createTrial(
  ask: (query: string, signal: AbortSignal) => Promise<Preview>,
  onAnswer: (query: string, answer: Preview) => void,
  explain: (error: unknown) => string,
): Trial {
  let timer: ReturnType<typeof setTimeout> | undefined
  let controller = new AbortController()
  const cancel = (): void => {
    clearTimeout(timer)
    controller.abort()
  }
  const run = async (query: string): Promise<void> => {
    controller = new AbortController()
    const { signal } = controller
    try {
      const answer = await ask(query, signal)
      if (!signal.aborted) onAnswer(query, answer)
    } catch (error) {
      if (!signal.aborted) onAnswer(query, { ok: false, problem: explain(error) })
    }
  }
  return {
    cancel,
    schedule: (query) => {
      cancel()
      timer = setTimeout(() => void run(query), pause)
    },
  }
}
