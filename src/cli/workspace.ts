import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { createClient } from '../api/client.ts'
import type { Client } from '../api/client.ts'
import { MagnificError } from '../core/errors.ts'
import type { ResolvedOptions } from '../core/options.ts'
import { stateOf, taskOf } from '../purchase/state.ts'
import type { AttemptState } from '../purchase/state.ts'
import { chooseAttempt } from '../store/attempt.ts'
import type { Attempt } from '../store/attempt.ts'
import { getShared } from '../shared.ts'
import { finishSharing, openSharing } from '../sharing.ts'
import { createBlobStore } from '../store/blobs.ts'
import type { BlobStore } from '../store/blobs.ts'
import { createJournal } from '../store/journal.ts'
import type { Journal } from '../store/journal.ts'
import { createLayout } from '../store/layout.ts'
import type { Layout } from '../store/layout.ts'
import { createMemo } from '../store/memo.ts'
import { createRecordStore } from '../store/records.ts'
import type { RecordStore, ResultRecord } from '../store/records.ts'
import type { SharedCache } from '../store/remote/shared-cache.ts'
import { loadDefaults, loadProject } from './project.ts'
import type { Project, ProjectFlags } from './project.ts'

/** Flags that every command takes. */
export interface CommonFlags extends ProjectFlags {
  cacheDir?: string | undefined
  json?: boolean | undefined
}

/** What the commands work on. */
export interface Workspace {
  readonly project: Project
  /** Those of the project, with the cache directory that was named. */
  readonly options: ResolvedOptions
  /** The project, from which the journal names sources; absolute. */
  readonly root: string
  /** The cache directory, absolute. */
  readonly dir: string
  readonly layout: Layout
  readonly blobs: BlobStore
  readonly journal: Journal
  readonly records: RecordStore
  /** What is shared with other machines, where the options say so. */
  readonly sharing: SharedCache | undefined
  /** Waits until other machines can have what was written. */
  finish(): Promise<void>
  /** Who is asked: see `serviceOf`. */
  readonly service: string
  /** The API, where there is a key. */
  readonly client: Client | undefined
  /** Prints a line for people, or an object for programs. */
  print(text: string, object: object): void
  /** Says something beside it, on the error stream. */
  warn(message: string): void
}

/** Where a command's words go: what was asked for, and what is said beside it. */
export interface Terminal {
  write: (text: string) => void
  warn: (text: string) => void
}

/** A fingerprint and the attempt at it that counts. */
export interface Listed {
  fingerprint: string
  state: AttemptState
  /** The source's path in the project; an empty text where nobody knows it. */
  file: string
  /** As the journal knows it, or else the record. */
  task: string | undefined
  /** ISO 8601; an empty text where nobody knows it. */
  at: string
  /** euros */
  estimate: number
  /** Who was asked: see `serviceOf`; missing where nobody knows it. */
  service: string | undefined
  /** Missing where the record is all that is left. */
  attempt: Attempt | undefined
  /** Missing where there is no result yet, or not any more. */
  record: ResultRecord | undefined
}

/**
 * Opens the cache directory of the project that we stand in.
 *
 * @throws MagnificError `BAD_COMMAND` where the directory that was named is not there; `BAD_CONFIG`, `BAD_OPTIONS`
 */
export async function openWorkspace(
  { cacheDir, config, json }: CommonFlags,
  { write, warn }: Terminal,
): Promise<Workspace> {
  if (cacheDir !== undefined && !isFolder(cacheDir)) {
    throw new MagnificError('BAD_COMMAND', `There is no directory "${cacheDir}": see --cache-dir.`)
  }
  const project = await loadProject({ config }).catch((error: unknown) => {
    // Where the cache is was said: what a config tells is not needed by who looks into it, and by who buys it is.
    if (cacheDir === undefined || config !== undefined) throw error
    warn((error as Error).message)
    return { ...loadDefaults(), isBroken: true }
  })
  const { root } = project.options
  const dir = cacheDir === undefined ? resolve(root, project.options.cacheDir) : resolve(cacheDir)
  const options = { ...project.options, cacheDir: dir }
  const { apiKey, baseUrl, service } = options
  const layout = createLayout(dir)
  const blobs = createBlobStore(layout, createMemo(layout))
  const journal = createJournal(layout)
  const records = createRecordStore(layout)
  const shared = getShared(root, dir)
  const sharing = await openSharing(shared, options, { warn })
  return {
    project,
    options,
    root,
    dir,
    layout,
    blobs,
    journal: sharing?.shareJournal(journal) ?? journal,
    records: sharing?.shareRecords(records, blobs) ?? records,
    sharing,
    finish: async () => finishSharing(shared),
    service,
    client: apiKey === undefined ? undefined : createClient({ baseUrl, apiKey }),
    print: (text, object) => write(json ? JSON.stringify(object, null, 2) : text),
    warn,
  }
}

/** Everything that was ever attempted, by the attempts that count; and what is stored without one. */
export async function listAttempts(
  { journal, records }: Workspace,
  now: number,
): Promise<Listed[]> {
  const attempted = new Map(
    (await journal.list()).map((entry) => [entry.fingerprint, chooseAttempt(entry.attempts)]),
  )
  const fingerprints = new Set([...attempted.keys(), ...(await records.list())])
  const listed = await Promise.all(
    [...fingerprints].map(async (fingerprint) => {
      const attempt = attempted.get(fingerprint)
      const record = await records.find(fingerprint)
      return attempt || record ? [describeAttempt(fingerprint, attempt, record, now)] : []
    }),
  )
  return listed.flat()
}

/**
 * The one fingerprint that begins like this.
 *
 * @throws MagnificError `BAD_COMMAND` where there is none, or more than one
 */
export async function findFingerprint(
  workspace: Workspace,
  prefix: string,
  now: number,
): Promise<Listed> {
  const given = prefix.toLowerCase()
  if (!/^[\da-f]{4,64}$/.test(given)) {
    throw new MagnificError(
      'BAD_COMMAND',
      `"${prefix}" is no fingerprint: give at least 4 of its digits, as \`magnific status\` lists them.`,
    )
  }
  const all = await listAttempts(workspace, now)
  const listed = all.filter(({ fingerprint }) => fingerprint.startsWith(given))
  const [only] = listed
  if (only && listed.length === 1) return only
  throw new MagnificError(
    'BAD_COMMAND',
    listed.length === 0
      ? `The journal in ${workspace.dir} has no fingerprint that begins with "${prefix}". \`magnific status\` lists them; --cache-dir names another cache.`
      : `"${prefix}" is the beginning of ${listed.length} fingerprints: ${listed.map(({ fingerprint }) => fingerprint.slice(0, prefix.length + 4)).join(', ')}. Write more of it.`,
  )
}

/** The same as all machines know it, where they share a cache: what is decided is decided for all of them. */
export async function askAll({ journal }: Workspace, listed: Listed, now: number): Promise<Listed> {
  const { fingerprint, record } = listed
  const attempt = await journal.find(fingerprint)
  return attempt ? describeAttempt(fingerprint, attempt, record, now) : listed
}

function describeAttempt(
  fingerprint: string,
  attempt: Attempt | undefined,
  record: ResultRecord | undefined,
  now: number,
): Listed {
  const { owner, decided } = attempt ?? {}
  return {
    fingerprint,
    state: attempt ? stateOf(attempt, now) : 'completed',
    file: owner?.subject.file ?? record?.source.name ?? '',
    task: (attempt && taskOf(attempt)) ?? record?.task,
    at: decided?.at || owner?.at || record?.completedAt || '',
    estimate: owner?.subject.estimate ?? 0,
    service: owner?.subject.service ?? record?.service,
    attempt,
    record,
  }
}

/** Whether a path leads to a folder. */
export function isFolder(path: string): boolean {
  return path !== '' && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}
