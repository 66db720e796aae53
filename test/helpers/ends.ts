import type { OnEnd } from './project.ts'

/** What has to be ended when the tests that share it are over. */
export interface Ends {
  onEnd: OnEnd
  /** Ends everything, the last first. */
  end(): Promise<void>
}

/** Nothing to be ended yet. */
export function createEnds(): Ends {
  const ends: Parameters<OnEnd>[0][] = []
  return {
    onEnd: (end) => void ends.push(end),
    end: async () => {
      for (const end of ends.splice(0).toReversed()) await end()
    },
  }
}
