import { readFile, readdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { createFileOnce, isMissing, makeFolder } from './files.ts'
import { shardedPath } from './layout.ts'
import type { Layout } from './layout.ts'
import { quarantine } from './quarantine.ts'

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

/** Who decided to send the last byte, and when; empty texts where the file does not tell. */
export interface Decision {
  /** ISO 8601 */
  at: string
  pid: number
  host: string
}

/** One attempt at buying, as it stands on the disk. */
export interface Attempt {
  readonly folder: string
  /** Set when the last byte of the request was about to go; before that, nothing can have been charged. */
  decided: Decision | undefined
  /** The raw answer to the POST. */
  response: string | undefined
  task: string | undefined
  outcome: Outcome | undefined
}

/** What has been attempted and paid, per fingerprint. Files are created once and never changed. */
export interface Journal {
  /** The attempt that may be paid for, or else the newest one. */
  find(fingerprint: string): Promise<Attempt | undefined>
  /**
   * The attempt to work on: what `find` gives, or the next one where that was rejected. Everybody who wants the same
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
  const readAttempts = async (fingerprint: string): Promise<Attempt[]> => {
    const folder = folderOf(fingerprint)
    const names = await listAttempts(folder)
    return Promise.all(names.map(async (name) => readAttempt(layout, join(folder, name))))
  }

  return {
    find: async (fingerprint) => chooseAttempt(await readAttempts(fingerprint)),
    open: async (fingerprint) => {
      const attempts = await readAttempts(fingerprint)
      const chosen = chooseAttempt(attempts)
      if (chosen && (mayBePaid(chosen) || chosen.outcome === undefined)) return chosen
      // Counted from what was just read: all who saw the same attempt rejected open the same next one.
      const newest = attempts.at(-1)?.folder ?? '0'
      const number = String(Number(basename(newest)) + 1).padStart(4, '0')
      const folder = join(folderOf(fingerprint), number)
      await makeFolder(folder)
      return readAttempt(layout, folder)
    },
    reread: async ({ folder }) => readAttempt(layout, folder),
    commit: async (attempt, at) => {
      const decided: Decision = { at: at.toISOString(), pid: process.pid, host: hostname() }
      const text = `commit ${decided.at} ${decided.pid} ${decided.host}\n`
      if (!(await create(attempt, 'decided', text))) return false
      attempt.decided = decided
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

/** What was paid for counts, even beside a newer attempt: merged caches may hold such things. */
function chooseAttempt(attempts: readonly Attempt[]): Attempt | undefined {
  return attempts.findLast(mayBePaid) ?? attempts.at(-1)
}

/** Whether money may have gone into an attempt: one of its files is enough, whichever the others that are lost. */
export function mayBePaid({ decided, response, task, outcome }: Attempt): boolean {
  if (task !== undefined) return true
  return outcome?.kind !== 'rejected' && (decided ?? response ?? outcome) !== undefined
}

/** The attempts' folders, oldest first. */
async function listAttempts(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder))
      .filter((name) => /^\d{4,}$/.test(name))
      .toSorted((a, b) => Number(a) - Number(b))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

async function readAttempt(layout: Layout, folder: string): Promise<Attempt> {
  const [decided, response, task, outcome] = await Promise.all(
    ['decided', 'response', 'task', 'outcome'].map(async (name) => readIfThere(join(folder, name))),
  )
  const read = outcome === undefined ? undefined : readOutcome(outcome)
  // One that cannot be read, such as git's merge of two, says nothing: the other files still say what was paid. It makes
  // room for one that can.
  if (outcome !== undefined && !read) quarantine(layout, join(folder, 'outcome'))
  return {
    folder,
    // That the file exists is the commit, whatever is in it.
    decided: decided === undefined ? undefined : readDecision(decided),
    response,
    task: task?.trim(),
    outcome: read,
  }
}

function readDecision(text: string): Decision {
  const [, at = '', pid = '0', host = ''] = text.trim().split(' ')
  return { at, pid: Number(pid), host }
}

function readOutcome(text: string): Outcome | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const isOutcome = typeof parsed === 'object' && parsed !== null && 'kind' in parsed
    return isOutcome ? (parsed as Outcome) : undefined
  } catch {
    return undefined
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
