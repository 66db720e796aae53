import pLimit from 'p-limit'
import type { Client } from '../api/client.ts'
import { MagnificError } from '../core/errors.ts'
import { readKnownResult } from '../store/known-results.ts'
import type { KnownResult } from '../store/known-results.ts'
import { fetchOwed } from './owed.ts'
import type { Fetched, OwedContext } from './owed.ts'
import { findStanding } from './standing.ts'

/** So many tasks are asked about, or downloaded, at once. */
const concurrency = 8
/** Where there are more, each is waited for in turns: one that never ends must not hold up the others, ms. */
const shortestTurn = 1000
const longestTurn = 30_000

/** How long is waited, and who hears of it. */
export interface BringHomeSettings {
  /** ms since 1970, by the context's clock. Each task is asked about once at least. */
  giveUpAt: number
  /** Ends it all: everything is in the journal by then. */
  signal: AbortSignal
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined
}

/**
 * What became of a result that was to be fetched:
 * - `fetched`: it is here
 * - `settled`: somebody else has fetched it, or decided that it does not count
 * - `waiting`: its task was not done in time
 * - `stopped`: it cannot be had as things are
 */
export type Ended = { fingerprint: string } & (
  | ({ kind: 'fetched'; task: string } & Fetched)
  | { kind: 'settled' }
  | Missed
)

/** A result that did not come. */
export interface Missed {
  kind: 'waiting' | 'stopped'
  task: string
  /** What the API or the disk said. */
  error: MagnificError | Error
}

/** Fetches results that are paid for and not here, each by the task that a build would take up. Nothing is submitted. */
export async function bringHome(
  fingerprints: readonly string[],
  client: Client,
  context: Omit<OwedContext, 'deadline' | 'onPhase'>,
  { giveUpAt, signal, onProgress }: BringHomeSettings,
): Promise<Ended[]> {
  const { clock } = context
  const limit = pLimit(concurrency)
  const ended = new Map<string, Ended>()
  let waiting = fingerprints
  while (waiting.length > 0) {
    const total = waiting.length
    const round = waiting.map(async (fingerprint) =>
      limit(async () => {
        const left = giveUpAt - clock.now()
        const share = Math.max(shortestTurn, (left * concurrency) / total)
        const turn = Math.min(Math.max(left, shortestTurn), share, longestTurn)
        ended.set(fingerprint, await fetchInTurn(fingerprint, turn, client, context, signal))
        const done = [...ended.values()].filter(({ kind }) => kind !== 'waiting').length
        onProgress?.({ done, total: fingerprints.length })
      }),
    )
    await Promise.all(round)
    if (clock.now() >= giveUpAt) break
    waiting = waiting.filter((fingerprint) => ended.get(fingerprint)?.kind === 'waiting')
  }
  return [...ended.values()]
}

/** Waits for one result, as long as it is its turn. */
async function fetchInTurn(
  fingerprint: string,
  turn: number,
  client: Client,
  context: Omit<OwedContext, 'deadline' | 'onPhase'>,
  signal: AbortSignal,
): Promise<Ended> {
  const { blobs, clock } = context
  // A build, or another one like us, may have it by now.
  const known: KnownResult = await readKnownResult(fingerprint, context)
  const standing = findStanding(known, (sha256) => blobs.verify(sha256) !== undefined)
  if (standing.kind !== 'owed') return { kind: 'settled', fingerprint }
  const { task } = standing
  const startedAt = clock.now()
  try {
    const settings = { ...context, deadline: turn, onPhase: () => {} }
    const fetched = await fetchOwed(known, task, client, settings, signal)
    return fetched
      ? { kind: 'fetched', fingerprint, task, ...fetched }
      : { kind: 'settled', fingerprint }
  } catch (error) {
    signal.throwIfAborted()
    const isPending = error instanceof MagnificError && error.code === 'TASK_PENDING'
    // Whoever refuses to tell does so at once, and would do so again. Waits need not be whole milliseconds.
    const isLate = isPending && clock.now() - startedAt >= turn - 1
    return { kind: isLate ? 'waiting' : 'stopped', fingerprint, task, error: error as Error }
  }
}
