import { readPngSize } from '../image/png-header.ts'
import { readStart } from '../image/sniff.ts'
import type { BlobStore } from '../store/blobs.ts'
import { isDiskError } from '../store/files.ts'
import type { RecordStore, ResultRecord } from '../store/records.ts'
import { DamagedError, RemoteError } from '../store/remote/errors.ts'
import type { RemoteResult, RemoteResults } from '../store/remote/results.ts'
import type { PictureKind } from './picture.ts'

/**
 * What the shared cache has of a result:
 * - `whole`: it is here now
 * - `damaged`: it cannot be used, and is fetched again by its task where that is known
 * - `unknown`: the shared cache does not answer, which is not the same as having none
 */
export type Elsewhere =
  | { kind: 'whole'; record: ResultRecord; file: string }
  | { kind: 'damaged'; task: string | undefined; reason: string }
  | { kind: 'unknown'; error: RemoteError }

/** What a result is fetched with. */
export interface FetchContext {
  results: RemoteResults
  blobs: BlobStore
  /** Where a result goes that the cache directory does not take: gone with the process. */
  spare: BlobStore
  /** The cache directory's own. */
  records: RecordStore
}

/**
 * Looks for a result in the shared cache, proves it, and stores it here.
 *
 * @returns `undefined` where there is none
 * @throws MagnificError `REMOTE_REFUSED` for a bad signature
 */
export async function fetchShared(
  fingerprint: string,
  { results, blobs, spare, records }: FetchContext,
): Promise<Elsewhere | undefined> {
  let found: RemoteResult | undefined
  try {
    found = await results.find(fingerprint)
    if (!found) return undefined
    const { record } = found
    const file = await store(found, results, blobs).catch(async (error: unknown) => {
      if (isDiskError(error)) return undefined
      throw error
    })
    if (file === undefined)
      return { kind: 'whole', record, file: await store(found, results, spare) }
    // The bytes are here: what cannot be written down about them is asked for again.
    await records.put(record).catch((error: unknown) => {
      if (!isDiskError(error)) throw error
    })
    return { kind: 'whole', record, file }
  } catch (error) {
    if (error instanceof RemoteError) return { kind: 'unknown', error }
    if (!(error instanceof DamagedError)) throw error
    return { kind: 'damaged', task: found?.record.task || undefined, reason: error.message }
  }
}

async function store(
  found: RemoteResult,
  results: RemoteResults,
  blobs: BlobStore,
): Promise<string> {
  const incoming = await results.fetch(found, blobs)
  if (await isAsTold(incoming.file, found.record.result)) return incoming.keep()
  await incoming.discard()
  throw new DamagedError('its bytes are not the picture that it tells of')
}

/** Most results are PNGs, whose size can be read without the pixels library: a machine that only fetches never loads it. */
async function isAsTold(file: string, told: PictureKind): Promise<boolean> {
  if (told.format === 'png') {
    const size = readPngSize(await readStart(file))
    return size?.width === told.width && size.height === told.height
  }
  const { isPicture } = await import('./picture.ts')
  return isPicture(file, told)
}
