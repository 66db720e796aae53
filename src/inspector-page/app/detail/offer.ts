import type { InspectedState } from '../../../inspector/contract.ts'

/** What could be bought at this moment. */
export interface Offer {
  query: string
  /** Of the very source and params that the estimate speaks of. */
  fingerprint: string
  estimate: number
  state: InspectedState
  size: { width: number; height: number } | undefined
}
