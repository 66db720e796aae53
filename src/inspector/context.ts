import type { Logger } from '../core/logger.ts'
import type { ResolvedOptions } from '../core/options.ts'
import { createMissHandler } from '../miss.ts'
import type { MissHandler } from '../miss.ts'
import { getShared } from '../shared.ts'
import type { Shared } from '../shared.ts'
import { createBlobStore } from '../store/blobs.ts'
import type { BlobStore } from '../store/blobs.ts'
import { createJournal } from '../store/journal.ts'
import type { Journal } from '../store/journal.ts'
import { createRecordStore } from '../store/records.ts'
import type { RecordStore } from '../store/records.ts'
import { createVariantStore } from '../store/variants.ts'
import type { VariantStore } from '../store/variants.ts'

/** What an inspector looks into. */
export interface InspectorContext {
  /** As a build that pays would have them: that is what is inspected. */
  readonly options: ResolvedOptions
  readonly logger: Logger
  readonly shared: Shared
  readonly variants: VariantStore
  readonly records: RecordStore
  readonly blobs: BlobStore
  /** This machine's own. */
  readonly journal: Journal
  /** Looks into this cache alone: to look at a picture brings no other one here. */
  readonly misses: MissHandler
}

/** Opens the cache of a project; nothing is created. */
export function openContext(given: ResolvedOptions, logger: Logger): InspectorContext {
  const options: ResolvedOptions = { ...given, command: 'build', onMiss: 'upscale' }
  const shared = getShared(options.root, options.cacheDir)
  const variants = createVariantStore(shared.layout, shared.memo)
  const warn = (message: string): void => logger.warn(`magnific: ${message}`)
  return {
    options,
    logger,
    shared,
    variants,
    records: createRecordStore(shared.layout, warn),
    blobs: createBlobStore(shared.layout, shared.memo, warn),
    journal: createJournal(shared.layout),
    misses: createMissHandler({
      options: { ...options, sharing: undefined },
      shared,
      variants,
      logger,
    }),
  }
}
