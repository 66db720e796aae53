import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { computeFingerprint } from '../core/fingerprint.ts'
import { sha256Pattern } from '../core/patterns.ts'
import type { Refusal } from '../store/archive-reader.ts'
import { lacksOwner } from '../store/attempt.ts'
import type { Attempt } from '../store/attempt.ts'
import type { BlobStore } from '../store/blobs.ts'
import { describePicture, isPicture } from './picture.ts'
import { createJournal } from '../store/journal.ts'
import { shardedPath } from '../store/layout.ts'
import type { Layout } from '../store/layout.ts'
import { isOfItsFingerprint, parseRecord } from '../store/records.ts'

/** What is read from. */
export interface Stage {
  layout: Layout
  /** What was read, by its path in the archive. */
  paths: ReadonlySet<string>
}

/** The attempts of an archive that can be believed; one of which a part cannot is refused as a whole. */
export async function readAttempts(
  fingerprint: string,
  stage: Stage,
  blobs: BlobStore,
  refused: Refusal[],
): Promise<Attempt[]> {
  const good: Attempt[] = []
  for (const attempt of await createJournal(stage.layout).readAttempts(fingerprint)) {
    const path = relative(stage.layout.dir, attempt.folder).replaceAll(sep, '/')
    const why = await findFault(attempt, path, fingerprint, stage, blobs)
    if (why === undefined) good.push(attempt)
    else refused.push({ path, why })
  }
  return good
}

/** @returns what of an attempt cannot be believed, as a clause */
async function findFault(
  attempt: Attempt,
  path: string,
  fingerprint: string,
  stage: Stage,
  blobs: BlobStore,
): Promise<string | undefined> {
  for (const name of ['owner', 'task', 'outcome'] as const) {
    const isUnread = stage.paths.has(`${path}/${name}`) && attempt[name] === undefined
    if (!isUnread || (name === 'owner' && (await lacksOwner(attempt)))) continue
    return `its ${name} cannot be read`
  }
  const { owner, decided, outcome, folder } = attempt
  const { service, source, params } = owner?.subject ?? {}
  if (service !== undefined && params && source !== undefined) {
    if (computeFingerprint(service, source, params) !== fingerprint) return 'it is of another image'
  }
  const decision = decided ? await readFile(join(folder, 'decided'), 'utf8') : 'commit'
  if (!/^(?:commit|abandon)(?:\s|$)/.test(decision)) return 'its decision cannot be read'
  const { kind, sha256 = '' } = outcome ?? {}
  const isOutcome = kind === undefined || ['completed', 'failed', 'rejected'].includes(kind)
  if (!isOutcome || (kind === 'completed' && !sha256Pattern.test(sha256))) {
    return 'its outcome cannot be read'
  }
  const file = kind === 'completed' ? findBlob(sha256, stage, blobs) : undefined
  // Where the bytes are not at hand, they are fetched by the task.
  return file !== undefined && !(await describePicture(file))
    ? 'its bytes are no picture'
    : undefined
}

/** The record of an archive, where it can be believed and its bytes are at hand. */
export async function readRecord(
  fingerprint: string,
  stage: Stage,
  blobs: BlobStore,
  refused: Refusal[],
): Promise<{ sha256: string; text: string } | undefined> {
  const path = pathOf(fingerprint)
  if (!stage.paths.has(path)) return undefined
  const text = await readFile(join(stage.layout.dir, path), 'utf8')
  const record = parseRecord(text)
  const refuse = (why: string): undefined => void refused.push({ path, why })
  if (!record) return refuse('it cannot be read')
  if (record.fingerprint !== fingerprint || !isOfItsFingerprint(record)) {
    return refuse('it is the record of another image')
  }
  const { sha256, format, width, height } = record.result
  const file = findBlob(sha256, stage, blobs)
  if (file === undefined) return refuse('its bytes are neither in the archive nor here')
  const isRight = await isPicture(file, { format, width, height })
  return isRight ? { sha256, text } : refuse('its bytes are not the picture that it tells of')
}

/** Where a record is. */
export function pathOf(fingerprint: string): string {
  return `v1/results/${fingerprint.slice(0, 2)}/${fingerprint}.json`
}

/** Bytes that are in the archive, or here. */
function findBlob(sha256: string, { layout }: Stage, blobs: BlobStore): string | undefined {
  const staged = shardedPath(layout.blobs, sha256)
  return existsSync(staged) ? staged : blobs.verify(sha256)
}
