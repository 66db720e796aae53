import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { createClient } from '../api/client.ts'
import type { Client } from '../api/client.ts'
import { MagnificError } from '../core/errors.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import { stateOf, taskOf } from '../purchase/state.ts'
import type { AttemptState } from '../purchase/state.ts'
import type { Attempt } from '../store/attempt.ts'
import { createJournal } from '../store/journal.ts'
import type { Journal } from '../store/journal.ts'
import { createLayout, findProjectRoot } from '../store/layout.ts'
import { createRecordStore } from '../store/records.ts'
import type { RecordStore } from '../store/records.ts'

/** Flags that every command takes. */
export interface CommonFlags {
  cacheDir?: string | undefined
  json?: boolean | undefined
}

/** What the commands work on. */
export interface Workspace {
  /** The cache directory, absolute. */
  readonly dir: string
  readonly journal: Journal
  readonly records: RecordStore
  /** The API, where there is a key. */
  readonly client: Client | undefined
  /** Prints a line for people, or an object for programs. */
  print(text: string, object: object): void
}

/** A fingerprint and the attempt at it that counts. */
export interface Listed {
  fingerprint: string
  state: AttemptState
  /** The source's path in the project; an empty text where the journal does not know it. */
  file: string
  task: string | undefined
  /** ISO 8601; an empty text where the journal does not know it. */
  at: string
  /** euros */
  estimate: number
  attempt: Attempt
}

/** Opens the cache directory of the project that we stand in. */
export function openWorkspace(
  { cacheDir, json }: CommonFlags,
  write: (text: string) => void,
): Workspace {
  const root = findProjectRoot(process.cwd())
  const env = { ...readEnvFile(join(root, '.env')), ...readEnvFile(join(root, '.env.local')) }
  const options = resolveOptions({}, { root, command: 'build', env: { ...env, ...process.env } })
  const dir = cacheDir === undefined ? resolve(root, options.cacheDir) : resolve(cacheDir)
  const { apiKey, baseUrl } = options
  const layout = createLayout(dir)
  return {
    dir,
    journal: createJournal(layout),
    records: createRecordStore(layout),
    client: apiKey === undefined ? undefined : createClient({ baseUrl, apiKey }),
    print: (text, object) => write(json ? JSON.stringify(object, null, 2) : text),
  }
}

/** Everything the journal knows, by the attempts that count. */
export async function listAttempts(journal: Journal, now: number): Promise<Listed[]> {
  const entries = await journal.list()
  const chosen = await Promise.all(
    entries.map(async ({ fingerprint }) => ({
      fingerprint,
      attempt: await journal.find(fingerprint),
    })),
  )
  return chosen.flatMap(({ fingerprint, attempt }) =>
    attempt ? [describeAttempt(fingerprint, attempt, now)] : [],
  )
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
  const isMeant = ({ fingerprint }: { fingerprint: string }): boolean =>
    /^[\da-f]{4,64}$/.test(given) && fingerprint.startsWith(given)
  let listed = (await listAttempts(workspace.journal, now)).filter(isMeant)
  if (listed.length === 0) {
    await recallRecords(workspace, isMeant)
    listed = (await listAttempts(workspace.journal, now)).filter(isMeant)
  }
  const [only] = listed
  if (only && listed.length === 1) return only
  throw new MagnificError(
    'BAD_COMMAND',
    listed.length === 0
      ? `The journal in ${workspace.dir} has no fingerprint that begins with "${prefix}". \`magnific status\` lists them; --cache-dir names another cache.`
      : `"${prefix}" is the beginning of ${listed.length} fingerprints: ${listed.map(({ fingerprint }) => fingerprint.slice(0, prefix.length + 4)).join(', ')}. Write more of it.`,
  )
}

/** A journal that was lost knows at least the tasks that its records name. */
async function recallRecords(
  { journal, records }: Workspace,
  isMeant: (entry: { fingerprint: string }) => boolean,
): Promise<void> {
  for (const fingerprint of await records.list()) {
    const record = isMeant({ fingerprint }) ? await records.find(fingerprint) : undefined
    if (record) await journal.writeTask(await journal.open(fingerprint), record.task)
  }
}

function describeAttempt(fingerprint: string, attempt: Attempt, now: number): Listed {
  const { owner, decided } = attempt
  return {
    fingerprint,
    state: stateOf(attempt, now),
    file: owner?.subject.file ?? '',
    task: taskOf(attempt),
    at: decided?.at || owner?.at || '',
    estimate: owner?.subject.estimate ?? 0,
    attempt,
  }
}

function readEnvFile(file: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}
