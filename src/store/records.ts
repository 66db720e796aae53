import { Keyv } from 'keyv'
import * as v from 'valibot'
import { computeFingerprint } from '../core/fingerprint.ts'
import type { AlphaPolicy } from '../core/options.ts'
import type { Params } from '../core/params.ts'
import { sha256Pattern } from '../core/patterns.ts'
import { KeyvFiles } from './keyv-files.ts'
import type { Layout } from './layout.ts'
import { quarantine } from './quarantine.ts'

/** A file with a picture in it. */
interface Picture {
  sha256: string
  bytes: number
  /** pixels, as it is shown */
  width: number
  height: number
  /** Whether something shines through. Missing in records that are older than the question. */
  transparent?: boolean | undefined
}

/** What a result was made from. Figures are missing where the result was fetched without the file: then it tells them itself. */
interface Source extends Pick<Picture, 'sha256' | 'transparent'> {
  /** Of the first file that asked, for people to read. */
  name: string
  bytes?: number | undefined
  /** pixels, as it is shown */
  width?: number | undefined
  height?: number | undefined
}

/** What is known of a result: which task made it, from what, and which blob holds its bytes. */
export interface ResultRecord {
  version: 1
  fingerprint: string
  /** Who made it: see `serviceOf`. */
  service: string
  params: Params
  source: Source
  /** `format` is what the bytes are, as sniffed. */
  result: Picture & { format: string }
  /** What was done about transparency when the source was sent. Missing where nobody knows any more. */
  alpha?: AlphaPolicy | undefined
  /** The task id. */
  task: string
  /** From submission to the stored result, as far as this process saw it. */
  seconds: number
  /** ISO 8601 */
  completedAt: string
}

/**
 * Whether a result lacks the transparency that its source has.
 *
 * @returns `undefined` where an older record does not tell: then the files do, see `lacksAlpha`
 */
export function needsAlpha({
  source,
  result,
}: Pick<ResultRecord, 'source' | 'result'>): boolean | undefined {
  if (source.transparent === false || result.transparent === true) return false
  return source.transparent && result.transparent === false ? true : undefined
}

/** Whether a record tells of the image that its fingerprint stands for: one that was moved or edited may not. */
export function isOfItsFingerprint({
  fingerprint,
  service,
  source,
  params,
}: Pick<ResultRecord, 'fingerprint' | 'service' | 'source' | 'params'>): boolean {
  return computeFingerprint(service, source.sha256, params) === fingerprint
}

/** The records of a cache directory, by fingerprint. */
export interface RecordStore {
  /** The file of a record, for people to look at. */
  path(fingerprint: string): string
  /** A record that cannot be read is quarantined and counts as none. */
  find(fingerprint: string): Promise<ResultRecord | undefined>
  put(record: ResultRecord): Promise<void>
  /** The fingerprints of all records. */
  list(): Promise<string[]>
}

const picture = {
  sha256: v.pipe(v.string(), v.regex(sha256Pattern)),
  bytes: v.number(),
  width: v.number(),
  height: v.number(),
  transparent: v.optional(v.boolean()),
}
const recordSchema = v.object({
  version: v.literal(1),
  fingerprint: v.string(),
  service: v.string(),
  params: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  source: v.object({
    name: v.string(),
    sha256: picture.sha256,
    bytes: v.optional(picture.bytes),
    width: v.optional(picture.width),
    height: v.optional(picture.height),
    transparent: picture.transparent,
  }),
  result: v.object({ ...picture, format: v.string() }),
  alpha: v.optional(v.picklist(['join', 'keep-result'])),
  task: v.string(),
  seconds: v.number(),
  completedAt: v.string(),
})

/**
 * Records are indented texts behind Keyv, so that a diff of a committed cache can be read.
 *
 * @param warn is told of damage
 */
export function createRecordStore(
  layout: Layout,
  warn: (message: string) => void = () => {},
): RecordStore {
  const files = new KeyvFiles({ dir: layout.results, tmpDir: layout.tmp })
  const keyv = new Keyv<string>({
    store: files,
    useKeyPrefix: false,
    // Keyv would answer for a broken disk with "nothing there", and nothing there means buying.
    throwOnErrors: true,
    serialize: ({ value }) => String(value),
    deserialize: <Value>(text: string) => ({ value: text as Value }),
  })

  return {
    path: (fingerprint) => files.path(fingerprint),
    find: async (fingerprint) => {
      const text = await keyv.get(fingerprint)
      if (text === undefined) return undefined
      const record = parseRecord(text)
      if (record?.fingerprint === fingerprint) return record
      const target = quarantine(layout, files.path(fingerprint))
      warn(
        `The record ${files.path(fingerprint)} is damaged, and was set aside as ${target}. It is made anew from the journal; where that does not know the image either, the option \`onMiss\` says what happens.`,
      )
      return undefined
    },
    list: async () => {
      const fingerprints: string[] = []
      for await (const [key] of files.iterator())
        if (typeof key === 'string') fingerprints.push(key)
      return fingerprints
    },
    put: async (record) => {
      await keyv.set(record.fingerprint, `${JSON.stringify(record, null, 2)}\n`)
    },
  }
}

/** Reads a record; `undefined` where it is none. */
export function parseRecord(text: string): ResultRecord | undefined {
  try {
    const parsed = v.safeParse(recordSchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
