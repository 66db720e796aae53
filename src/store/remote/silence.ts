import { setTimeout as sleep } from 'node:timers/promises'

/** How long a store has said nothing, as far as this process could have heard it. */
export interface Silence {
  /** The store has answered, whoever asked. */
  end(): void
  /**
   * Waits until it has said nothing for so long: one that answers others is slow, and not dead.
   *
   * @param ms of silence
   * @param most ms in all, answers or not: a call that is passed over hangs
   * @returns which of the two it was, ms
   */
  wait(ms: number, most: number, signal: AbortSignal): Promise<number>
}

/**
 * So many times it is looked within the silence. Time in which the process was busy with something else is one look, however
 * long: an answer that has come by then is read after it.
 */
const looks = 20

/** Nothing was said yet. */
export function createSilence(): Silence {
  let answers = 0
  return {
    end: () => void answers++,
    wait: async (ms, most, signal) => {
      const step = ms / looks
      let known = answers
      let silent = 0
      for (let all = 0; all < most; all += step) {
        if (silent === looks) return ms
        await sleep(step, undefined, { signal })
        silent = answers === known ? silent + 1 : 0
        known = answers
      }
      return most
    },
  }
}
