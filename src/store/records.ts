import { Keyv } from 'keyv'
import * as v from 'valibot'
import type { Params } from '../core/params.ts'
import { sha256Pattern } from '../core/patterns.ts'
import { KeyvFiles } from './keyv-files.ts'
import type { Layout } from './layout.ts'
import { quarantine } from './quarantine.ts'

/** What is known of a result: which task made it, from what, and which blob holds its bytes. */
export interface ResultRecord {
  version: 1
  fingerprint: string
  /** Who made it: see `serviceOf`. */
  service: string
  params: Params
  /** `name` is that of the first file that asked, for people to read. Sides in pixels. */
  source: { name: string; sha256: string; bytes: number; width: number; height: number }
  /** `format` is what the bytes are, as sniffed; sides in pixels. */
  result: { sha256: string; bytes: number; format: string; width: number; height: number }
  /** The task id. */
  task: string
  /** From submission to the stored result, as far as this process saw it. */
  seconds: number
  /** ISO 8601 */
  completedAt: string
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

const sides = { width: v.number(), height: v.number() }
const content = { sha256: v.pipe(v.string(), v.regex(sha256Pattern)), bytes: v.number() }
const recordSchema = v.object({
  version: v.literal(1),
  fingerprint: v.string(),
  service: v.string(),
  params: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  source: v.object({ name: v.string(), ...content, ...sides }),
  result: v.object({ ...content, format: v.string(), ...sides }),
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

function parseRecord(text: string): ResultRecord | undefined {
  try {
    const parsed = v.safeParse(recordSchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
