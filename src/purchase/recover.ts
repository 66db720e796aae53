import { scaleOf } from '../core/params.ts'
import { sha256Pattern } from '../core/patterns.ts'
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
  const { params, directives } = order.request
  const source = await inspectSource(order.file, scaleOf(params), directives.format)
  const { bytes, format, width, height } = await verifyResult(file)
  const record = composeRecord(order, {
    service,
    source,
    result: { sha256, bytes, format, width, height },
    // Where it is lost, nothing needs it: the bytes are here.
    task: taskOf(attempt) ?? '',
    seconds: 0,
    completedAt: at,
  })
  await records.put(record)
  return record
}
