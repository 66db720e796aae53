/** Something of an actor that waits for its turn. */
interface Step {
  actor: string
  run: () => void
}

/** Lets actors move one step at a time, in an order that is chosen from outside. */
export interface Turns {
  /** Waits for a turn, then does something at once that takes no time. Of an actor that is dead, nothing comes any more. */
  take<T>(actor: string, act: () => T): Promise<T>
  /** What waits now dies with the actor, and so does all that it would do later. */
  kill(actor: string): void
  isAlive(actor: string): boolean
  /**
   * Gives out turns until nobody wants one.
   *
   * @param choose one of so many that wait, from 0
   * @param onTurn called before each one
   */
  run(choose: (count: number) => number, onTurn?: (turn: number) => void): Promise<void>
}

/** No actor has moved yet. */
export function createTurns(): Turns {
  const waiting: Step[] = []
  const dead = new Set<string>()
  return {
    take: async (actor, act) =>
      new Promise((resolve, reject) => {
        if (dead.has(actor)) return
        waiting.push({
          actor,
          run: () => {
            try {
              resolve(act())
            } catch (error) {
              reject(error)
            }
          },
        })
      }),
    kill: (actor) => {
      dead.add(actor)
      for (let index = waiting.length - 1; index >= 0; index--) {
        if (waiting[index]?.actor === actor) waiting.splice(index, 1)
      }
    },
    isAlive: (actor) => !dead.has(actor),
    run: async (choose, onTurn) => {
      for (let turn = 0; ; turn++) {
        // Whatever follows from the last step has happened when the next immediate comes.
        await new Promise(setImmediate)
        onTurn?.(turn)
        const [step] = waiting.splice(choose(waiting.length), 1)
        if (!step) return
        step.run()
      }
    },
  }
}
