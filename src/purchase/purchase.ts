import { MagnificError } from '../core/errors.ts'
import type { Client } from '../api/client.ts'
import { estimatePrice } from '../core/estimate.ts'
import { scaleOf } from '../core/params.ts'
import { describeDownscale, findOddity, inspectSource } from '../image/inspect.ts'
import type { SourceImage } from '../image/inspect.ts'
import { isClosed, mayBePaid } from '../store/attempt.ts'
import type { Outcome } from '../store/attempt.ts'
import { isDiskError } from '../store/files.ts'
import type { Journal } from '../store/journal.ts'
import type { ResultRecord } from '../store/records.ts'
import { collectResult } from './collect.ts'
import { describeUnkept, failedError, unknownTaskError } from './errors.ts'
import { followAttempt } from './follow.ts'
import { createPreparation } from './image-body.ts'
import type { Preparation } from './image-body.ts'
import type { Order, PurchaseContext, Purchased, Submitted } from './order.ts'
import { composeRecord } from './record.ts'
import { submitTask } from './submit.ts'

/**
 * Turns a miss into a stored result: inspects, submits or takes up what an earlier build submitted, waits, downloads,
 * verifies and stores.
 *
 * @throws MagnificError
 */
export async function purchase(
  order: Order,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Purchased> {
  const scale = scaleOf(order.request.params)
  const source = await inspectSource(order.file, scale, context)
  for (const oddity of [describeDownscale(source, scale), findOddity(source)]) {
    if (oddity) context.warn(`${order.file} ${oddity}.`)
  }
  const preparation = createPreparation(source, order.sourceHash, context)
  try {
    return await holdSlot(context.queue, async (leave) => {
      signal.throwIfAborted()
      const isNew = await isToBeSent(order, estimateOf(source, scale, context), context)
      if (isNew) await preparation.prepare()
      return holdSlot(context.limit, async (release) => {
        leave()
        return buy(order, { source, isNew, ...preparation }, context, signal, release)
      })
    })
  } finally {
    await preparation.discard()
  }
}

/** Runs the work in a slot that it may leave before it is done: the next one begins while a result is fetched. */
async function holdSlot<T>(
  limit: PurchaseContext['limit'],
  work: (release: () => void) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const slot = limit(
      async () =>
        new Promise<void>((release) => {
          work(release).then(resolve, reject).finally(release)
        }),
    )
    slot.catch(reject)
  })
}

/** What is ready when its turn comes. */
interface Ready extends Preparation {
  source: SourceImage
  /** Nobody had submitted it, nor was at it, so that it was prepared. */
  isNew: boolean
}

/**
 * Whether an order will most likely be submitted: then it is made ready while others are on their way. By its turn somebody
 * else may have done so, and what the journal says is asked for anew.
 */
async function isToBeSent(
  { fingerprint, knownTask }: Order,
  estimate: number,
  { journal, budget, limits, halt }: PurchaseContext,
): Promise<boolean> {
  if (halt.error || knownTask !== undefined) return false
  const attempt = await journal.find(fingerprint)
  if (attempt && (mayBePaid(attempt) || (attempt.beat > 0 && !isClosed(attempt)))) return false
  return (await budget.check(estimate, limits)) === undefined
}

function estimateOf(
  { sent }: SourceImage,
  scale: number,
  { prices }: Pick<PurchaseContext, 'prices'>,
): number {
  return estimatePrice(sent.width * sent.height, scale, prices)
}

async function buy(
  order: Order,
  { source, isNew, prepare, refresh, discard }: Ready,
  context: PurchaseContext,
  signal: AbortSignal,
  release: () => void,
): Promise<Purchased> {
  signal.throwIfAborted()
  const { clock, journal } = context
  const client = context.client()
  const scale = scaleOf(order.request.params)
  const startedAt = clock.now()
  const price = estimateOf(source, scale, context)
  // Whoever submits looks into the journal again; where nothing is submitted any more, what others have is still followed.
  const isSent = isNew && !context.halt.error
  const known = isSent ? undefined : await findSubmitted(order, client, context, signal)
  const submission = { order, sent: source.sent, prepare, refresh, estimate: price }
  const submitted = known ?? (await submitTask(submission, client, context, signal))
  // What was made in order to be sent is there for as long as it is being sent.
  await discard()
  const { task, paid } = submitted
  const estimate = paid ? price : 0

  try {
    const { file: name, sent, transparent } = source
    const submittedAt = paid ? undefined : findBegin(submitted)
    const what = { task, file: name, sent, transparent, scale, estimate }
    const collection = { ...what, submittedAt, isOwn: paid, onCompleted: release }
    const { result, file, stored } = await collectResult(collection, client, context, signal)
    const record = composeRecord(order, {
      service: context.service,
      // As it was sent, by whichever build.
      alpha: submitted.attempt?.owner?.subject.alpha,
      source,
      result,
      task,
      seconds: Math.round((clock.now() - startedAt) / 100) / 10,
      completedAt: new Date(clock.now()).toISOString(),
    })
    if (stored) await keepRecord(record, submitted, context)
    return { record, file, from: paid ? 'paid' : 'resumed', estimate }
  } catch (error) {
    if (!(error instanceof MagnificError)) throw error
    if (error.code === 'TASK_UNKNOWN') throw unknownTaskError(error, order, context)
    if (error.code !== 'TASK_FAILED') throw error
    const at = new Date(clock.now()).toISOString()
    // What failed is asked about again where this cannot be written down.
    await closeAttempt(submitted, journal, { kind: 'failed', reason: error.text, at }).catch(
      () => {},
    )
    throw failedError(error.text, order, context)
  }
}

/** When somebody else submitted a task, ms since 1970; long ago where nobody knows. */
function findBegin({ attempt }: Submitted): number {
  return Date.parse(attempt?.owner?.at ?? '') || 0
}

/**
 * Looks for a task that is paid for: in the journal, or in the record of a result that is lost.
 *
 * @returns `undefined` where nothing was bought, so that buying is right
 * @throws MagnificError `TASK_FAILED`, `SUBMIT_AMBIGUOUS`: buying again is for a person to decide
 */
async function findSubmitted(
  order: Order,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Submitted | undefined> {
  const { fingerprint, knownTask } = order
  const { journal } = context
  const attempt = await journal.find(fingerprint)
  const isKnown = knownTask !== undefined && !(await journal.isVoided(fingerprint, knownTask))
  // An attempt that does not know its task asks nobody where the record does.
  if (attempt && mayBePaid(attempt) && (attempt.task !== undefined || !isKnown)) {
    const followed = await followAttempt(attempt, order, client, context, signal)
    if (followed) return followed
  }
  return isKnown ? { task: knownTask, attempt: undefined, paid: false } : undefined
}

/** The bytes are here: what cannot be written down about them is found out again by the next build, for free. */
async function keepRecord(
  record: ResultRecord,
  submitted: Submitted,
  { journal, records, warn }: PurchaseContext,
): Promise<void> {
  const { sha256 } = record.result
  try {
    await records.put(record)
    await closeAttempt(submitted, journal, { kind: 'completed', sha256, at: record.completedAt })
  } catch (error) {
    if (!isDiskError(error)) throw error
    const { source, task } = record
    warn(describeUnkept(source.name, task, 'that cannot be written down', error))
  }
}

async function closeAttempt(
  { attempt }: Submitted,
  journal: Journal,
  outcome: Outcome,
): Promise<void> {
  if (attempt && !attempt.outcome) await journal.writeOutcome(attempt, outcome)
}
