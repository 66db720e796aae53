import { MagnificError } from '../core/errors.ts'
import { estimatePrice } from '../core/estimate.ts'
import { scaleOf } from '../core/params.ts'
import { findOddity, inspectSource } from '../image/inspect.ts'
import type { SourceImage } from '../image/inspect.ts'
import { mayBePaid } from '../store/journal.ts'
import type { Journal } from '../store/journal.ts'
import { collectResult } from './collect.ts'
import { failedError, unknownTaskError } from './errors.ts'
import { followAttempt } from './follow.ts'
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
  const { params, directives } = order.request
  const source = await inspectSource(order.file, scaleOf(params), directives.format)
  const oddity = findOddity(source)
  if (oddity) context.warn(`${order.file} ${oddity}.`)
  return context.limit(async () => buy(order, source, context, signal))
}

async function buy(
  order: Order,
  source: SourceImage,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Purchased> {
  signal.throwIfAborted()
  const { clock, journal } = context
  const client = context.client()
  const scale = scaleOf(order.request.params)
  const startedAt = clock.now()
  const price = estimatePrice(source.width * source.height, scale)
  const known = await findSubmitted(order, context, signal)
  if (!known) context.onPhase({ kind: 'submitting', estimate: price })
  const submitted = known ?? (await submitTask(order, source, client, context, signal))
  const { task, attempt, paid } = submitted
  const estimate = paid ? price : 0

  try {
    const result = await collectResult({ task, source, scale, estimate }, client, context, signal)
    const record = composeRecord(order, {
      service: context.service,
      source,
      result,
      task,
      seconds: Math.round((clock.now() - startedAt) / 100) / 10,
      completedAt: new Date(clock.now()).toISOString(),
    })
    await context.records.put(record)
    await closeAttempt(submitted, journal, {
      kind: 'completed',
      sha256: result.sha256,
      at: record.completedAt,
    })
    return { record, from: paid ? 'paid' : 'resumed', estimate }
  } catch (error) {
    if (!(error instanceof MagnificError)) throw error
    if (error.code === 'TASK_UNKNOWN') {
      const record = order.knownTask && context.records.path(order.fingerprint)
      throw unknownTaskError(error, [attempt?.folder, record].filter(Boolean).join(' and '))
    }
    if (error.code !== 'TASK_FAILED') throw error
    await closeAttempt(submitted, journal, {
      kind: 'failed',
      reason: error.text,
      at: new Date(clock.now()).toISOString(),
    })
    throw attempt ? failedError(error.text, attempt) : error
  }
}

/**
 * Looks for a task that is paid for: in the journal, or in the record of a result that is lost.
 *
 * @returns `undefined` where nothing was bought, so that buying is right
 * @throws MagnificError `TASK_FAILED`, `SUBMIT_AMBIGUOUS`: buying again is for a person to decide
 */
async function findSubmitted(
  { fingerprint, knownTask }: Order,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Submitted | undefined> {
  const attempt = await context.journal.find(fingerprint)
  const followed =
    attempt && mayBePaid(attempt) ? await followAttempt(attempt, context, signal) : undefined
  return followed ?? (knownTask ? { task: knownTask, attempt: undefined, paid: false } : undefined)
}

async function closeAttempt(
  { attempt }: Submitted,
  journal: Journal,
  outcome: Parameters<Journal['writeOutcome']>[1],
): Promise<void> {
  if (attempt && !attempt.outcome) await journal.writeOutcome(attempt, outcome)
}
