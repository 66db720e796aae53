import { MagnificError } from '../core/errors.ts'
import { formatBytes } from '../core/format-units.ts'
import { shorten } from '../purchase/errors.ts'
import { mayBePaid } from '../store/attempt.ts'
import { createJournal } from '../store/journal.ts'
import { listKnownResults } from '../store/known-results.ts'
import type { KnownResult } from '../store/known-results.ts'
import type { ResultRecord } from '../store/records.ts'
import type { SharedCache } from '../store/remote/shared-cache.ts'
import type { Workspace } from './workspace.ts'

/** What became of a result. */
interface Pushed {
  record: ResultRecord
  kind: 'published' | 'there' | 'void'
}

/**
 * Brings what is here, and what is known to be paid for, to the cache that machines share. What is whole there stays as it is;
 * what nobody can use, since it is damaged or not signed, is written anew.
 *
 * @throws MagnificError `BAD_COMMAND` where there is no shared cache, or nothing may be written; `REMOTE_FAILED`
 */
export async function runPush(workspace: Workspace): Promise<void> {
  const { dir, print } = workspace
  const sharing = requireSharing(workspace)
  const mended = sharing.mend(createJournal(workspace.layout))
  const pushed: Pushed[] = []
  let attempts = 0
  for await (const known of listKnownResults(workspace)) {
    const result = await pushResult(known, workspace, mended)
    if (result) pushed.push(result)
    else if (known.attempt && mayBePaid(known.attempt)) attempts++
  }
  // Known once it has been asked.
  const name = sharing.remote.name()
  const published = pushed.filter(({ kind }) => kind === 'published')
  const there = pushed.filter(({ kind }) => kind === 'there').length
  const voided = pushed.length - published.length - there
  const sums = [
    `${published.length} pushed`,
    there > 0 && `${there} there already`,
    voided > 0 && `${voided} left out, which somebody has voided`,
    attempts > 0 && `${attempts} paid for and not fetched yet`,
  ]
  print(
    [
      ...published.map(
        ({ record: { fingerprint, source, result } }) =>
          `${shorten(fingerprint)}  pushed  ${source.name}  ${formatBytes(result.bytes)}`,
      ),
      `${sums.filter(Boolean).join(' · ')}  from ${dir} to ${name}`,
    ].join('\n'),
    {
      cacheDir: dir,
      remote: name,
      pushed: published.map(({ record }) => record.fingerprint),
      there,
      voided,
      attempts,
    },
  )
}

async function pushResult(
  { fingerprint, attempt, record }: KnownResult,
  { blobs }: Workspace,
  { journal, results }: ReturnType<SharedCache['mend']>,
): Promise<Pushed | undefined> {
  // What is paid for is told of as it is looked for.
  if (attempt && mayBePaid(attempt)) await journal.find(fingerprint)
  if (!record || blobs.verify(record.result.sha256) === undefined) return undefined
  const kind = await results.publish(record, blobs.path(record.result.sha256))
  return { record, kind }
}

function requireSharing({ sharing }: Workspace): SharedCache {
  if (sharing?.remote.canWrite) return sharing
  throw new MagnificError(
    'BAD_COMMAND',
    sharing
      ? `Nothing may be written to the shared cache (${sharing.remote.name()}): take \`cache.readOnly\` out, or set MAGNIFIC_PRIVATE_KEY where it is signed.`
      : 'There is no shared cache: name it with the option `cache.remote`, with MAGNIFIC_CACHE_REMOTE, or with --remote redis://….',
  )
}
