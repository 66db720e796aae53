import { basename } from 'node:path'
import type { SourceImage } from '../image/inspect.ts'
import type { ResultRecord } from '../store/records.ts'
import type { Order } from './order.ts'

/** What is known of an order once its result is there. */
export interface Completion extends Pick<
  ResultRecord,
  'service' | 'alpha' | 'result' | 'task' | 'seconds' | 'completedAt'
> {
  source: SourceImage
}

/** The record of a purchase. */
export function composeRecord(
  { fingerprint, file, sourceHash, request }: Order,
  { source: { bytes, width, height, transparent }, ...completion }: Completion,
): ResultRecord {
  const source = { name: basename(file), sha256: sourceHash, bytes, width, height, transparent }
  return { version: 1, fingerprint, params: request.params, source, ...completion }
}
