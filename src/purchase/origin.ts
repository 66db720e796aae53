import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { scaleOf } from '../core/params.ts'
import { inspectSource } from '../image/inspect.ts'
import type { Size } from '../image/inspect.ts'
import type { AttemptSubject } from '../store/attempt.ts'
import { hashFile } from '../store/files.ts'
import type { KnownResult } from '../store/known-results.ts'
import { isOfItsFingerprint } from '../store/records.ts'
import type { ResultRecord } from '../store/records.ts'

/** What a result was made from and how, for those who do not come with an order for it. */
export interface Origin extends Pick<ResultRecord, 'service' | 'params' | 'source' | 'alpha'> {
  /** The source, for people to read. */
  file: string
  /** As it was sent, pixels; missing where nobody knows it. */
  sent: Size | undefined
}

/** Where origins are looked for. */
export interface OriginContext {
  /** The project, from which the journal names sources; absolute. */
  root: string
  /** Who is asked: attempts that are older than the question were made there. */
  service: string
}

/**
 * Finds out what a result was made from: by its record, by the source itself where it still stands in its place, or else by
 * what the journal says of it.
 *
 * @returns `undefined` where nobody knows: what is told must give the fingerprint
 */
export async function findOrigin(
  known: KnownResult,
  { root, service }: OriginContext,
): Promise<Origin | undefined> {
  const { record } = known
  const subject = findSubject(known, service)
  const file = subject?.file ?? record?.source.name ?? ''
  const sent = subject && { width: subject.width, height: subject.height }
  const told = record && { ...pickOrigin(record), file, sent }
  if (told?.source.bytes !== undefined) return told
  if (!subject) return told
  const { source: sha256, params, alpha } = subject
  const name = basename(file)
  const source = (await inspectInPlace(resolve(root, file), subject)) ?? record?.source
  return {
    service: subject.service,
    params,
    source: { ...source, name, sha256 },
    alpha,
    file,
    sent,
  }
}

/** Who was asked for a result; `undefined` where nobody knows. */
export function findService(known: KnownResult, service: string): string | undefined {
  return findSubject(known, service)?.service ?? known.record?.service
}

/** What the journal says of a source, where that is what the fingerprint stands for. */
function findSubject(
  { fingerprint, attempt, attempts }: KnownResult,
  asked: string,
): AttemptSubject | undefined {
  const newestFirst = [attempt, ...attempts.toReversed()]
  for (const candidate of newestFirst) {
    const subject = candidate?.owner?.subject
    if (!subject) continue
    const { service = asked, source: sha256, params } = subject as Partial<AttemptSubject>
    const source = { name: '', sha256: sha256 ?? '' }
    if (params && isOfItsFingerprint({ fingerprint, service, source, params })) {
      return { ...subject, service }
    }
  }
  return undefined
}

function pickOrigin({
  service,
  params,
  source,
  alpha,
}: ResultRecord): Omit<Origin, 'file' | 'sent'> {
  return { service, params, source, alpha }
}

/** The figures of a source that is where it was, and what it was. */
async function inspectInPlace(
  file: string,
  { source, params }: AttemptSubject,
): Promise<Pick<ResultRecord['source'], 'bytes' | 'width' | 'height' | 'transparent'> | undefined> {
  try {
    if (!statSync(file).isFile() || hashFile(file) !== source) return undefined
    // It is paid for: a limit that is set by now must not stand in its way.
    const image = await inspectSource(file, scaleOf(params), { onTooLarge: 'downscale' })
    const { bytes, width, height, transparent } = image
    return { bytes, width, height, transparent }
  } catch {
    // What is not there, or cannot be read, tells nothing.
    return undefined
  }
}
