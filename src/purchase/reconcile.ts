import type { Client } from '../api/client.ts'
import { downloadResult } from '../api/download.ts'
import { parseTaskState } from '../api/wire.ts'
import type { TaskState } from '../api/wire.ts'
import { maxOutputPixels } from '../core/limits.ts'
import { scaleOf } from '../core/params.ts'
import { isLoopback } from '../core/service.ts'
import { isAlike, renderThumbnail } from '../image/thumbnail.ts'
import { verifyResult } from '../image/verify.ts'
import { mayBePaid } from '../store/attempt.ts'
import type { Attempt, AttemptSubject } from '../store/attempt.ts'
import type { PurchaseContext } from './order.ts'

/** A list may show a task late: the waits before it is looked at again, ms. */
const pauses = [0, 1000, 2000, 4000, 8000, 15_000]
/** While new tasks are still at work, they may be ours: the wait before they are asked again, ms. */
const workPause = 5000
/** So often a result may fail to come before it is let be. */
const failureLimit = 3
/** Somebody else's tasks are not waited for any longer than this, ms. */
const workLimit = 10 * 60_000
/** Four bytes a pixel are a picture that does not compress. */
const maxBytes = maxOutputPixels * 8

/** What the API's list says about an attempt whose answer is lost. */
export interface Reconciliation {
  /** The one task that is provably of this attempt. */
  task?: string
  /** What was found, as a sentence. */
  found: string
}

/** What a task that nobody knows turned out to be. */
type Finding = { kind: 'working'; failures: number } | { kind: 'without picture' } | Picture

interface Picture {
  kind: 'picture'
  width: number
  height: number
  thumbnail: Buffer
}

/**
 * Looks in the API's list for the task of an attempt that was committed and whose answer is lost. A task is taken for ours
 * where all of this holds: it was not listed before the attempt, no journal entry knows it, its result has the size that
 * was asked for and shows the picture that was sent, and no other such task and no other attempt without an answer could
 * be meant. That nothing is listed proves nothing: a list may be late.
 */
export async function reconcile(
  attempt: Attempt,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Reconciliation> {
  const { clock, journal } = context
  const subject = attempt.owner?.subject
  if (!subject?.listed) return { found: 'The API does not list tasks, so nothing more is known.' }
  const findings = new Map<string, Finding>()
  const giveUpAt = clock.now() + Math.min(context.deadline, workLimit)
  let found = ''

  for (let round = 0; ; round++) {
    await clock.sleep(pauses[round] ?? workPause, signal)
    const fresh = await context.taskList(client).readSince(subject.listed, signal)
    if (!fresh) return { found: 'The API does not list its tasks now, so nothing more is known.' }
    const entries = (await journal.list()).flatMap(({ attempts }) => attempts)
    const own = entries.find(({ folder }) => folder === attempt.folder)
    // Another build may have found it meanwhile.
    if (own?.task !== undefined) return { task: own.task, found: '' }
    const known = new Set(entries.map(({ task }) => task))
    const unknown = fresh.filter(({ task }) => !known.has(task))
    for (const { task } of unknown) {
      const finding = findings.get(task)
      if (finding && finding.kind !== 'working') continue
      findings.set(task, await examine(task, finding?.failures ?? 0, client, context, signal))
    }
    const open = unknown.map(({ task }) => ({ task, finding: findings.get(task) }))
    const alike = open.filter(({ finding }) => isOf(subject, finding))
    const rivals = entries.filter((entry) => entry.folder !== attempt.folder && isOpen(entry))
    const [only] = alike
    const working = open.some(({ finding }) => finding?.kind === 'working')
    if (only && alike.length === 1 && !working) {
      const { finding } = only
      const isContested = rivals.some(({ owner }) => couldBeOf(owner?.subject, finding))
      if (!isContested) return { task: only.task, found: '' }
    }
    found = describe(
      unknown.map(({ task }) => task),
      alike.map(({ task }) => task),
    )
    const isLate = round + 1 >= pauses.length
    if (clock.now() >= giveUpAt || (isLate && !working)) return { found }
  }
}

/** An attempt that may have a task which nobody has written down. */
function isOpen(attempt: Attempt): boolean {
  return mayBePaid(attempt) && attempt.task === undefined && attempt.outcome === undefined
}

/** Whether a result has the size and the motif that an attempt asked for. */
function isOf(
  { width, height, params, thumbnail }: AttemptSubject,
  finding: Finding | undefined,
): boolean {
  if (finding?.kind !== 'picture') return false
  const scale = scaleOf(params)
  if (finding.width !== width * scale || finding.height !== height * scale) return false
  return isAlike(Buffer.from(thumbnail, 'base64'), finding.thumbnail)
}

/** The same of an attempt that may be garbled: what cannot be told apart could be meant. */
function couldBeOf(subject: AttemptSubject | undefined, finding: Finding | undefined): boolean {
  try {
    return subject === undefined || isOf(subject, finding)
  } catch {
    return true
  }
}

/** @param failures how often looking at it has failed */
async function examine(
  task: string,
  failures: number,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    const { status, body } = await client.getStatus(task, signal)
    const state: TaskState | undefined = status === 200 ? parseTaskState(body) : undefined
    if (state?.status === 'failed') return { kind: 'without picture' }
    const [url] = state?.generated ?? []
    if (state?.status !== 'completed' || url === undefined) return { kind: 'working', failures }
    return await lookAt(url, client, context, signal)
  } catch {
    signal.throwIfAborted()
    return failures + 1 < failureLimit
      ? { kind: 'working', failures: failures + 1 }
      : { kind: 'without picture' }
  }
}

async function lookAt(
  url: string,
  client: Client,
  { blobs }: PurchaseContext,
  signal: AbortSignal,
): Promise<Picture> {
  const incoming = await blobs.create()
  try {
    await downloadResult(url, {
      write: incoming.write,
      maxBytes,
      allowLoopback: isLoopback(new URL(client.baseUrl).hostname),
      signal,
      redact: client.redact,
    })
    await incoming.finish()
    const { width, height } = await verifyResult(incoming.file)
    return { kind: 'picture', width, height, thumbnail: await renderThumbnail(incoming.file) }
  } finally {
    await incoming.discard()
  }
}

function describe(unknown: readonly string[], alike: readonly string[]): string {
  if (alike.length > 0) {
    return `The API lists tasks that may be it, and it cannot be told which: ${alike.join(', ')}.`
  }
  if (unknown.length > 0) {
    return `The API lists new tasks that this cache does not know, and none of them shows this image: ${unknown.slice(0, 10).join(', ')}.`
  }
  return 'The API lists no new task that this cache does not know.'
}
