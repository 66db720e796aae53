import type { Client } from '../api/client.ts'
import { systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import { MagnificError } from '../core/errors.ts'
import { formatBytes } from '../core/format-units.ts'
import { bringHome } from '../purchase/bring-home.ts'
import type { Ended, Missed } from '../purchase/bring-home.ts'
import { shorten } from '../purchase/errors.ts'
import { findService } from '../purchase/origin.ts'
import { recoverKnown } from '../purchase/recover.ts'
import { findStanding } from '../purchase/standing.ts'
import { closeWhole } from '../purchase/state.ts'
import { listKnownResults } from '../store/known-results.ts'
import { renderRow, toObject } from './status.ts'
import { listAttempts } from './workspace.ts'
import type { Listed, Workspace } from './workspace.ts'

/** The longest that it waits for all tasks together, where nobody says, ms. */
const usualDeadline = 30 * 60_000

/** How long is waited. */
export interface ResumeFlags {
  /** Seconds, for all tasks together. */
  deadline?: string | number | undefined
}

/** What is told, and used, beside the workspace. */
export interface ResumeTools {
  clock?: Clock
  /** Ends the waiting: everything is in the journal by then. */
  signal?: AbortSignal
  /** Is told of what is odd, a sentence each. */
  warn?: (message: string) => void
  /** Is told how many of the tasks are done with by now. */
  onProgress?: (progress: { done: number; total: number }) => void
}

/** A result that is not here after all. */
interface Left {
  fingerprint: string
  task: string
  reason: string
  way: string
}

/**
 * Waits for every task that is paid for and whose result is not here, and brings it home. Nothing is submitted.
 *
 * @throws MagnificError `BAD_COMMAND` where not all of them came; `NO_API_KEY`
 */
export async function runResume(
  workspace: Workspace,
  flags: ResumeFlags,
  now: number,
  tools: ResumeTools = {},
): Promise<void> {
  const { clock = systemClock, signal = new AbortController().signal, onProgress } = tools
  const giveUpAt = clock.now() + readDeadline(flags)
  const { own, foreign } = await listOwed(workspace)
  let ended: Ended[] = []
  if (own.length > 0) {
    const client = requireClient(workspace, own.length)
    const context = { ...workspace, clock, warn: tools.warn ?? (() => {}) }
    ended = await bringHome(own, client, context, { giveUpAt, signal, onProgress })
  }
  const missed = ended.filter(({ kind }) => kind === 'waiting' || kind === 'stopped')
  const left = [...missed.map((each) => explainMissed(each as Ended & Missed)), ...foreign]
  await report(workspace, ended, left, now)
  if (left.length > 0) {
    const total = own.length + foreign.length
    throw new MagnificError(
      'BAD_COMMAND',
      `${left.length} of ${total} ${total === 1 ? 'result is' : 'results are'} not here. What to do is said with each; nothing was charged for.`,
    )
  }
}

/** Writes down what needs nothing else, and lists what is to be fetched. */
async function listOwed(workspace: Workspace): Promise<{ own: string[]; foreign: Left[] }> {
  const { blobs, service: asked } = workspace
  const own: string[] = []
  const foreign: Left[] = []
  for await (const known of listKnownResults(workspace)) {
    const { fingerprint } = known
    const standing = findStanding(known, (sha256) => blobs.verify(sha256) !== undefined)
    if (standing.kind === 'whole') await closeWhole(known, standing.record, workspace.journal)
    if (standing.kind === 'unwritten') await recoverKnown(known, workspace)
    if (standing.kind !== 'owed') continue
    const { task } = standing
    const service = findService(known, asked) ?? asked
    if (service === asked) own.push(fingerprint)
    else foreign.push({ fingerprint, task, ...explainForeign(service, asked) })
  }
  return { own, foreign }
}

/** Why a task is not asked about, and the way on. */
export function explainForeign(service: string, asked: string): { reason: string; way: string } {
  return {
    reason: `It was bought from ${service}, and this would ask ${asked}.`,
    way: 'set MAGNIFIC_BASE_URL to what the build uses',
  }
}

/** Why a result did not come, and the way on. */
export function explainMissed({
  fingerprint,
  task,
  error,
}: Missed & { fingerprint: string }): Left {
  const { code, text } = error instanceof MagnificError ? error : { code: '', text: error.message }
  const short = shorten(fingerprint)
  const ways: Record<string, string> = {
    TASK_FAILED: `magnific retry ${short}, and build again, which is charged for`,
    TASK_UNKNOWN: `if the key is the one that it was bought with, and it is gone for good: magnific resolve ${short} --void`,
  }
  const way = ways[code] ?? 'magnific resume once more, or build again, and it is fetched'
  return { fingerprint, task, reason: text, way }
}

async function report(
  workspace: Workspace,
  ended: readonly Ended[],
  left: readonly Left[],
  now: number,
): Promise<void> {
  const { dir, print } = workspace
  const listed = await listAttempts(workspace, now)
  const entries = new Map(listed.map((entry) => [entry.fingerprint, entry]))
  const fileOf = (fingerprint: string): string => entries.get(fingerprint)?.file || 'unknown file'
  const fetched = ended.filter((each) => each.kind === 'fetched')
  const told = new Set(left.map(({ fingerprint }) => fingerprint))
  const others = listed.filter(
    ({ fingerprint, state }) =>
      !told.has(fingerprint) && ['ambiguous', 'failed', 'submitting'].includes(state),
  )
  print(
    [
      ...fetched.map(
        ({ fingerprint, result }) =>
          `${shorten(fingerprint)}  fetched     ${fileOf(fingerprint)}  ${formatBytes(result.bytes)}`,
      ),
      ...left.flatMap(({ fingerprint, task, reason, way }) => [
        `${shorten(fingerprint)}  ${stateOf(entries.get(fingerprint)).padEnd(10)}  ${fileOf(fingerprint)}  task ${task}`,
        `    ${reason}`,
        `    → ${way}`,
      ]),
      ...others.flatMap(renderRow),
      summarize(dir, fetched.length, left.length, others),
    ].join('\n'),
    {
      cacheDir: dir,
      fetched: fetched.map(({ fingerprint, task, result }) => ({
        fingerprint,
        file: fileOf(fingerprint),
        task,
        result,
      })),
      missing: left.map((each) => ({ ...each, state: stateOf(entries.get(each.fingerprint)) })),
      attempts: others.map(toObject),
    },
  )
}

/** A result that was here once is completed; to be fetched it is all the same. */
function stateOf(entry: Listed | undefined): string {
  return entry?.state === 'failed' ? 'failed' : 'pending'
}

function summarize(dir: string, fetched: number, left: number, others: readonly Listed[]): string {
  const counts = (['ambiguous', 'failed', 'submitting'] as const).map((state) => {
    const count = others.filter((entry) => entry.state === state).length
    return count > 0 && `${count} ${state}`
  })
  const sums = [`${fetched} fetched`, left > 0 && `${left} not here`, ...counts].filter(Boolean)
  return fetched + left === 0
    ? [`Nothing is pending in ${dir}.`, ...sums.slice(1)].join(' · ')
    : `${sums.join(' · ')}  in ${dir}`
}

function requireClient({ client, service }: Workspace, count: number): Client {
  if (client) return client
  const what = count === 1 ? 'A result is' : `${count} results are`
  throw new MagnificError(
    'NO_API_KEY',
    `${what} to be fetched, and there is no API key to do it with. Set FREEPIK_API_KEY in the environment or in .env.local${service === 'local' ? ' (the emulator takes any value)' : ''}. Nothing is charged for it.`,
  )
}

function readDeadline({ deadline }: ResumeFlags): number {
  if (deadline === undefined) return usualDeadline
  const seconds = Number(deadline)
  if (deadline !== '' && seconds > 0 && seconds < 2 ** 31 / 1000) return seconds * 1000
  throw new MagnificError(
    'BAD_COMMAND',
    `--deadline must be a number of seconds, more than 0, got "${deadline}".`,
  )
}
