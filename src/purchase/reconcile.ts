import type { Client } from '../api/client.ts'
import { parseTaskState } from '../api/wire.ts'
import { scaleOf } from '../core/params.ts'
import { isAlike, renderThumbnail } from '../image/thumbnail.ts'
import { fingerprintOf, mayBePaid } from '../store/attempt.ts'
import type { Attempt, AttemptSubject } from '../store/attempt.ts'
import type { PurchaseContext } from './order.ts'
import { receiveResult } from './receive.ts'
import { taskOf } from './state.ts'

/** A list may show a task late: the waits before it is looked at again, ms. */
const pauses = [0, 1000, 2000, 4000, 8000, 15_000]
/** While new tasks are still at work, they may be ours: the wait before they are asked again, ms. */
const workPause = 5000
/** So often a result may fail to come before it is let be. */
const failureLimit = 3
/** Somebody else's tasks are not waited for any longer than this, ms. */
const workLimit = 10 * 60_000

/** What the API's list says about an attempt whose answer is lost. */
export interface Reconciliation {
  /** The one task that can be of this attempt. */
  task?: string
  /** What was found, as a sentence. */
  found: string
}

/** What a task that nobody knows turned out to be. One that is `unseen` may show anything. */
export type Finding =
  | { kind: 'working'; failures: number }
  | { kind: 'failed' }
  | { kind: 'unseen' }
  | { kind: 'picture'; width: number; height: number; thumbnail: Buffer }

/**
 * Looks in the API's list for the task of an attempt that was committed and whose answer is lost. A task is taken for ours
 * where all of this holds: it was not listed before the attempt, no journal entry knows it, its result has the size that
 * was asked for and shows the picture that was sent, and no other such task and no other attempt without an answer could
 * be meant, for as long as a list may be late. That nothing is listed proves nothing.
 *
 * The API tells no params of a task: that somebody else with the same account, and another cache, bought the same picture
 * at the same scale at the same moment cannot be told.
 */
export async function reconcile(
  attempt: Attempt,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Reconciliation> {
  const { clock, journal, findings } = context
  const subject = attempt.owner?.subject
  if (!subject?.listed) {
    return { found: 'What the API listed beforehand is not known, so its list tells nothing.' }
  }
  const giveUpAt = clock.now() + Math.min(context.deadline, workLimit)

  for (let round = 0; ; round++) {
    await clock.sleep(pauses[round] ?? workPause, signal)
    const fresh = await context.taskList(client).readSince(subject.listed, signal)
    if (!fresh) return { found: 'The API does not list its tasks now, so nothing more is known.' }
    const entries = (await journal.list()).flatMap(({ attempts }) => attempts)
    const own = entries.find(({ folder }) => folder === attempt.folder)
    // Another build may have found it meanwhile.
    if (own?.task !== undefined) return { task: own.task, found: '' }
    const known = new Set(entries.map(taskOf))
    const left = fresh.map(({ task }) => task).filter((task) => !known.has(task))
    const isForeign = await Promise.all(
      left.map(async (task) => journal.isOfOther(fingerprintOf(attempt), task)),
    )
    const unknown = left.filter((_, index) => !isForeign[index])
    for (const task of unknown) {
      if (clock.now() >= giveUpAt) break
      const finding = findings.get(task) ?? { kind: 'working', failures: 0 }
      if (finding.kind !== 'working') continue
      findings.set(task, await examineTask(task, finding.failures, client, context, signal))
    }
    const isWorking = unknown.some((task) => (findings.get(task)?.kind ?? 'working') === 'working')
    const alike = unknown.filter((task) => isOf(subject, findings.get(task)))
    const isLate = round + 1 >= pauses.length
    if (clock.now() < giveUpAt && (!isLate || isWorking)) continue

    const [only] = alike
    const rivals = entries.filter((entry) => entry.folder !== attempt.folder && isOpen(entry))
    const isUnseen = unknown.some((task) => findings.get(task)?.kind === 'unseen')
    const isContested =
      !isLate ||
      isWorking ||
      isUnseen ||
      alike.length > 1 ||
      rivals.some(({ owner }) => isOf(owner?.subject, findings.get(only ?? '')) !== false)
    return only !== undefined && !isContested
      ? { task: only, found: '' }
      : { found: describe(unknown, alike) }
  }
}

/** An attempt that may have a task which nobody has written down. */
function isOpen(attempt: Attempt): boolean {
  return mayBePaid(attempt) && taskOf(attempt) === undefined && attempt.outcome === undefined
}

/**
 * Whether a result has the size and the motif that an attempt asked for.
 *
 * @param subject of the attempt, where it can be read
 * @returns `undefined` where it cannot be told
 */
export function isOf(
  subject: AttemptSubject | undefined,
  finding: Finding | undefined,
): boolean | undefined {
  if (!subject) return undefined
  if (finding?.kind !== 'picture') return false
  const scale = scaleOf(subject.params)
  const { width, height } = subject
  if (finding.width !== width * scale || finding.height !== height * scale) return false
  const thumbnail = Buffer.from(subject.thumbnail, 'base64')
  return thumbnail.length === finding.thumbnail.length
    ? isAlike(thumbnail, finding.thumbnail)
    : undefined
}

/**
 * Looks at what a task has made.
 *
 * @param failures how often looking at it has failed
 */
export async function examineTask(
  task: string,
  failures: number,
  client: Client,
  { blobs, deadline }: Pick<PurchaseContext, 'blobs' | 'deadline'>,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    const { status, body } = await client.getStatus(task, signal)
    const state = status === 200 ? parseTaskState(body) : undefined
    if (state?.status === 'failed') return { kind: 'failed' }
    const [url] = state?.generated ?? []
    if (state?.status !== 'completed' || url === undefined) return { kind: 'working', failures }
    const receipt = { url, client, blobs, timeout: deadline, signal }
    return await receiveResult(receipt, async ({ width, height, incoming }) => ({
      kind: 'picture',
      width,
      height,
      thumbnail: await renderThumbnail(incoming.file),
    }))
  } catch {
    signal.throwIfAborted()
    return failures + 1 < failureLimit
      ? { kind: 'working', failures: failures + 1 }
      : { kind: 'unseen' }
  }
}

function describe(unknown: readonly string[], alike: readonly string[]): string {
  if (alike.length > 0) {
    return `The API lists tasks that may be it, and it cannot be told which, or whether: ${alike.join(', ')}.`
  }
  if (unknown.length > 0) {
    return `The API lists new tasks that this cache does not know, and none of them shows this image: ${unknown.slice(0, 10).join(', ')}.`
  }
  return 'The API lists no new task that this cache does not know.'
}
