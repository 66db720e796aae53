import pLimit from 'p-limit'
import type { BlobStore } from '../blobs.ts'
import type { Journal } from '../journal.ts'
import type { RecordStore } from '../records.ts'
import { createRemote } from './remote.ts'
import type { Remote, RemoteSettings } from './remote.ts'
import { createRemoteJournal } from './remote-journal.ts'
import { createRemoteResults } from './results.ts'
import type { RemoteResults } from './results.ts'
import { createSharedJournal } from './shared-journal.ts'

/** A second level behind a cache directory, that other machines use too. */
export interface SharedCache {
  /** Tells it apart from others of this process. */
  readonly id: string
  readonly remote: Remote
  readonly results: RemoteResults
  /** What all machines have attempted. */
  readonly journal: Journal
  /** The journal of all machines behind that of this one; this one's alone where nothing may be written. */
  shareJournal(local: Journal): Journal
  /** The same, which write anew what nobody can use: for who knows better, and may sign. */
  mend(local: Journal): { journal: Journal; results: RemoteResults }
  /** Records that go to the shared cache as well, with the bytes, in the background. */
  shareRecords(local: RecordStore, blobs: BlobStore): RecordStore
  /** Waits for what is written in the background, tells what was not, and ends the connection. */
  finish(): Promise<void>
}

/** Results that are published at once: each has several pieces in memory. */
const publishedAtOnce = 2

/** Nothing is opened before it is needed. */
export function createSharedCache(id: string, settings: RemoteSettings): SharedCache {
  const remote = createRemote(settings)
  const own = createRemoteJournal(remote)
  const results = createRemoteResults(remote, own)
  const publishing = pLimit(publishedAtOnce)
  const share = (local: Journal, shared: Journal): Journal =>
    createSharedJournal({ local, shared, remote, hasResult: results.has })
  return {
    id,
    remote,
    results,
    journal: own,
    shareJournal: (local) => (remote.canWrite ? share(local, own) : local),
    mend: (local) => {
      const shared = createRemoteJournal(remote, true)
      return { journal: share(local, shared), results: createRemoteResults(remote, shared, true) }
    },
    shareRecords: (local, blobs) => ({
      ...local,
      put: async (record) => {
        await local.put(record)
        if (!remote.canWrite) return
        remote.background.start(record.source.name, async () =>
          publishing(async () => {
            await results.publish(record, blobs.path(record.result.sha256))
          }),
        )
      },
    }),
    finish: async () => {
      await remote.background.flush()
      await remote.rest()
    },
  }
}
