import type { ResolvedWebhook } from '../core/options.ts'
import { createOnce, describeSilence } from './webhook-messages.ts'

/** What is known of whether calls come in. */
export interface Trust {
  /** A call named a task of ours. */
  noteCall(): void
  /** A call was not signed as it should be. */
  noteRefusal(): void
  /** A task that was to be told of is done. */
  noteDone(called: boolean): void
  /** The work is done: what is to be said is said now. */
  conclude(): void
  isGiven(): boolean
}

/** So many tasks are done without a call before it is said that none comes. */
const patience = 3

/**
 * Whether calls can be relied on cannot be known beforehand, since the URL leads through the Internet: it shows. The first
 * call that names a task of ours is a good sign, and from then on the task that was done last decides: whether a call had
 * told of it. So a call that got lost is made up for by the next one that counts, and nobody waits for calls that come too
 * late, or tell of everything but the end. When in doubt, the API is asked as if there were no calls.
 */
export function createTrust(webhook: ResolvedWebhook, warn: (message: string) => void): Trust {
  const warnOnce = createOnce(warn)
  let isGiven = false
  let calls = 0
  let refusals = 0
  let missed = 0
  let told = 0
  const conclude = (): void => {
    if (missed > 0 && calls === 0) warnOnce(describeSilence(webhook, refusals))
  }
  return {
    noteCall: () => {
      calls++
      if (missed + told === 0) isGiven = true
    },
    noteRefusal: () => void refusals++,
    noteDone: (called) => {
      isGiven = called
      if (called) told++
      else missed++
      if (missed >= patience) conclude()
    },
    conclude,
    isGiven: () => isGiven,
  }
}
