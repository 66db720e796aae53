import type { Preview } from '../../../inspector/contract.ts'
import type { Wish } from './values.ts'

/** ms from the last input until a preview is asked for. */
const pause = 250

/** Asks for previews: one at a time, the last input's. */
export interface Trial {
  /** Asks soon, for what is asked for then. */
  schedule(wish: Wish): void
  /** Asks for nothing more, and drops what comes. */
  cancel(): void
}

/** @param ask is aborted as soon as another preview is wanted */
export function createTrial(
  ask: (wish: Wish, signal: AbortSignal) => Promise<Preview>,
  onAnswer: (answer: Preview) => void,
  explain: (error: unknown) => string,
): Trial {
  let timer: ReturnType<typeof setTimeout> | undefined
  let controller = new AbortController()
  const cancel = (): void => {
    clearTimeout(timer)
    controller.abort()
  }
  const run = async (wish: Wish): Promise<void> => {
    controller = new AbortController()
    const { signal } = controller
    try {
      const answer = await ask(wish, signal)
      if (!signal.aborted) onAnswer(answer)
    } catch (error) {
      if (!signal.aborted) onAnswer({ ok: false, problem: explain(error) })
    }
  }
  return {
    cancel,
    schedule: (wish) => {
      cancel()
      timer = setTimeout(() => void run(wish), pause)
    },
  }
}
