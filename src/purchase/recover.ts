import { scaleOf } from '../core/params.ts'
import { sha256Pattern } from '../core/patterns.ts'
import { isTransparent } from '../image/decode.ts'
import { inspectSource } from '../image/inspect.ts'
import { verifyResult } from '../image/verify.ts'
import type { Attempt } from '../store/attempt.ts'
import type { ResultRecord } from '../store/records.ts'
import type { Order, PurchaseContext } from './order.ts'
import { composeRecord } from './record.ts'
import { taskOf } from './state.ts'

/**
 * Writes the record of a purchase anew, from the attempt that completed and the paid bytes: nothing is asked of the API.
 *
 * @returns `undefined` where the bytes are lost as well
 * @throws MagnificError `SOURCE_REFUSED`, `OUTPUT_TOO_LARGE`, `RESULT_BAD`
 */
export async function recoverRecord(
  order: Order,
  attempt: Attempt,
  { service, blobs, records }: Pick<PurchaseContext, 'service' | 'blobs' | 'records'>,
): Promise<ResultRecord | undefined> {
  const { sha256 = '', at = '' } = attempt.outcome ?? {}
  const file = sha256Pattern.test(sha256) ? blobs.verify(sha256) : undefined
  if (file === undefined) return undefined
  const scale = scaleOf(order.request.params)
  // It is paid for: a limit that another build had set must not stand in its way now.
  const source = await inspectSource(order.file, scale, { onTooLarge: 'downscale' })
  const { bytes, format, width, height, hasAlpha } = await verifyResult(file)
  const transparent = hasAlpha && (await isTransparent(file))
  const record = composeRecord(order, {
    service,
    alpha: attempt.owner?.subject.alpha,
    source,
    result: { sha256, bytes, format, width, height, transparent },
    // Where it is lost, nothing needs it: the bytes are here.
    task: taskOf(attempt) ?? '',
    seconds: 0,
    completedAt: at,
  })
  await records.put(record)
  return record
}
