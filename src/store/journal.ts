import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createFileOnce, isMissing, makeFolder } from './files.ts'
import { shardedPath } from './layout.ts'
import type { Layout } from './layout.ts'

/**
 * How an attempt ended: `completed` with the result's hash, `failed` by the API's own word, `rejected` before
 * anything was charged.
 */
export interface Outcome {
  kind: 'completed' | 'failed' | 'rejected'
  /** SHA-256 of the result, when completed. */
  sha256?: string
  /** What the API said, when it did not complete. */
  reason?: string
  /** ISO 8601 */
  at: string
}

/** One attempt at buying, as it stands on the disk. */
export interface Attempt {
  readonly folder: string
  /** When the last byte of the request was about to go, ISO 8601; before that, nothing can have been charged. */
  committedAt: string | undefined
  /** The raw answer to the POST. */
  response: string | undefined
  task: string | undefined
  outcome: Outcome | undefined
}

/** What has been attempted and paid, per fingerprint. Files are created once and never changed. */
export interface Journal {
  /** The newest attempt at a fingerprint. */
  find(fingerprint: string): Promise<Attempt | undefined>
  /**
   * The attempt to work on: the newest one, or a new one where that was rejected. Everybody who wants the same
   * image works on the same attempt, until one of them commits it.
   */
  open(fingerprint: string): Promise<Attempt>
  /** The same attempt as it stands on the disk now. */
  reread(attempt: Attempt): Promise<Attempt>
  /**
   * Writes that the last byte is about to go. On the disk when it resolves, like all of these.
   *
   * @returns whether it was this call that committed the attempt: only one can, in all processes
   */
  commit(attempt: Attempt, at: Date): Promise<boolean>
  /** Writes the raw answer, before anybody has tried to understand it. What stands there already stays. */
  writeResponse(attempt: Attempt, response: string): Promise<void>
  writeTask(attempt: Attempt, task: string): Promise<void>
  writeOutcome(attempt: Attempt, outcome: Outcome): Promise<void>
}

/** The journal of a cache directory. */
export function createJournal(layout: Layout): Journal {
  const folderOf = (fingerprint: string): string => shardedPath(layout.journal, fingerprint)
  const create = async (attempt: Attempt, name: string, content: string): Promise<boolean> =>
    createFileOnce(layout.tmp, join(attempt.folder, name), content)
  const find = async (fingerprint: string): Promise<Attempt | undefined> => {
    const newest = (await listAttempts(folderOf(fingerprint))).at(-1)
    return newest === undefined ? undefined : readAttempt(join(folderOf(fingerprint), newest))
  }

  return {
    find,
    open: async (fingerprint) => {
      const newest = await find(fingerprint)
      if (newest && newest.outcome?.kind !== 'rejected') return newest
      const number = newest ? Number(basename(newest.folder)) + 1 : 1
      const folder = join(folderOf(fingerprint), String(number).padStart(4, '0'))
      await makeFolder(folder)
      return readAttempt(folder)
    },
    reread: async ({ folder }) => readAttempt(folder),
    commit: async (attempt, at) => {
      if (!(await create(attempt, 'decided', `commit ${at.toISOString()}\n`))) return false
      attempt.committedAt = at.toISOString()
      return true
    },
    writeResponse: async (attempt, response) => {
      if (await create(attempt, 'response', response)) attempt.response = response
    },
    writeTask: async (attempt, task) => {
      if (await create(attempt, 'task', `${task}\n`)) attempt.task = task
    },
    writeOutcome: async (attempt, outcome) => {
      if (await create(attempt, 'outcome', `${JSON.stringify(outcome)}\n`)) {
        attempt.outcome = outcome
      }
    },
  }
}

async function listAttempts(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => /^\d{4,}$/.test(name)).toSorted()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

async function readAttempt(folder: string): Promise<Attempt> {
  const [decided, response, task, outcome] = await Promise.all(
    ['decided', 'response', 'task', 'outcome'].map(async (name) => readIfThere(join(folder, name))),
  )
  return {
    folder,
    // That the file exists is the commit, whatever is in it.
    committedAt: decided === undefined ? undefined : readCommit(decided),
    response,
    task: task?.trim(),
    outcome: outcome === undefined ? undefined : (JSON.parse(outcome) as Outcome),
  }
}

function readCommit(decided: string): string {
  return decided.replace('commit', '').trim() || 'an unknown time'
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
