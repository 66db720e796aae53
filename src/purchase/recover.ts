import { scaleOf } from '../core/params.ts'
import { sha256Pattern } from '../core/patterns.ts'
import { isTransparent } from '../image/decode.ts'
import { inspectSource } from '../image/inspect.ts'
import { verifyResult } from '../image/verify.ts'
import type { Attempt } from '../store/attempt.ts'
import type { KnownResult } from '../store/known-results.ts'
import type { ResultRecord } from '../store/records.ts'
import type { Order, PurchaseContext } from './order.ts'
import { findOrigin } from './origin.ts'
import type { OriginContext } from './origin.ts'
import { composeFetched } from './owed.ts'
import { composeRecord } from './record.ts'
import { taskOf } from './state.ts'

/** What records are written anew with. */
type RecoverContext = Pick<PurchaseContext, 'blobs' | 'records'>

/**
 * Writes the record of a purchase anew, from the attempt that completed and the paid bytes: nothing is asked of the API.
 *
 * @returns `undefined` where the bytes are lost as well
 * @throws MagnificError `SOURCE_REFUSED`, `OUTPUT_TOO_LARGE`, `RESULT_BAD`
 */
export async function recoverRecord(
  order: Order,
  attempt: Attempt,
  { service, blobs, records }: RecoverContext & Pick<PurchaseContext, 'service'>,
): Promise<ResultRecord | undefined> {
  const completion = await findCompletion(attempt, blobs)
  if (!completion) return undefined
  const scale = scaleOf(order.request.params)
  // It is paid for: a limit that another build had set must not stand in its way now.
  const source = await inspectSource(order.file, scale, { onTooLarge: 'downscale' })
  const alpha = attempt.owner?.subject.alpha
  const record = composeRecord(order, { service, alpha, source, ...completion })
  await records.put(record)
  return record
}

/**
 * The same where nobody comes with an order for it, and the source may be gone.
 *
 * @returns `undefined` where the bytes are lost as well, or nobody knows what they were made from
 * @throws MagnificError `RESULT_BAD`
 */
export async function recoverKnown(
  known: KnownResult,
  { blobs, records, ...context }: RecoverContext & OriginContext,
): Promise<ResultRecord | undefined> {
  const { fingerprint, attempt } = known
  const origin = await findOrigin(known, context)
  const completion = attempt && origin && (await findCompletion(attempt, blobs))
  if (!completion) return undefined
  const record = composeFetched(fingerprint, origin, completion)
  await records.put(record)
  return record
}

/** What the journal and the paid bytes tell of a result. */
async function findCompletion(
  attempt: Attempt,
  blobs: PurchaseContext['blobs'],
): Promise<Pick<ResultRecord, 'result' | 'task' | 'seconds' | 'completedAt'> | undefined> {
  const { sha256 = '', at = '' } = attempt.outcome ?? {}
  const file = sha256Pattern.test(sha256) ? blobs.verify(sha256) : undefined
  if (file === undefined) return undefined
  const { bytes, format, width, height, hasAlpha } = await verifyResult(file)
  const transparent = hasAlpha && (await isTransparent(file))
  return {
    result: { sha256, bytes, format, width, height, transparent },
    // Where it is lost, nothing needs it: the bytes are here.
    task: taskOf(attempt) ?? '',
    seconds: 0,
    completedAt: at,
  }
}
