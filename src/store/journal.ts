import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { sha256Pattern } from '../core/patterns.ts'
import {
  chooseAttempt,
  describeUnknownOwner,
  isClosed,
  mayBePaid,
  numberOf,
  readAttempt,
} from './attempt.ts'
import type { Attempt, AttemptSubject, Decision, Outcome, Owner } from './attempt.ts'
import { createJournalFiles } from './journal-files.ts'
import type { JournalFiles } from './journal-files.ts'
import { shardedPath } from './layout.ts'
import type { Layout } from './layout.ts'
import { identifyProcess, startHeartbeat } from './liveness.ts'
import type { ProcessIdentity } from './liveness.ts'

/** The attempts at one fingerprint, oldest first. */
export interface JournalEntry {
  fingerprint: string
  attempts: Attempt[]
}

/** What has been attempted and paid, per fingerprint. Files are created once and never changed. */
export interface Journal {
  /** The attempt that may be paid for, or else the newest one. */
  find(fingerprint: string): Promise<Attempt | undefined>
  /** Every fingerprint that was ever attempted. */
  list(): Promise<JournalEntry[]>
  /** The same, without reading what was attempted. */
  listFingerprints(): Promise<string[]>
  /** All attempts at one fingerprint, oldest first. */
  readAttempts(fingerprint: string): Promise<Attempt[]>
  /** Whether somebody has decided that a task does not count any more. */
  isVoided(fingerprint: string, task: string): Promise<boolean>
  /** Whether a task is known to be that of another image, beyond what `list` tells. */
  isOfOther(fingerprint: string, task: string): Promise<boolean>
  /** Whether nothing can have been charged for an attempt, and never will be. */
  isFree(fingerprint: string, number: number): Promise<boolean>
  /**
   * The attempt to work on: what `find` gives, or the next one where that is closed. Everybody who wants the same image
   * works on the same attempt.
   */
  open(fingerprint: string): Promise<Attempt>
  /** The same attempt as it stands on the disk now. */
  reread(attempt: Attempt): Promise<Attempt>
  /**
   * Becomes the owner of an attempt, unless somebody is.
   *
   * @param nonce what tells this attempt apart from all others
   * @returns what stops the heartbeat by which others know that the owner is alive, or `undefined` where somebody else
   *   owns the attempt
   */
  claim(
    attempt: Attempt,
    subject: AttemptSubject,
    at: Date,
    nonce?: string,
  ): Promise<(() => void) | undefined>
  /**
   * Writes down an attempt of another machine, as far as it is known: an attempt of its own here, or what is new of one that
   * is here.
   */
  copy(fingerprint: string, attempt: Attempt): Promise<Attempt>
  /**
   * Writes that the last byte is about to go. On the disk when it resolves, like all of these.
   *
   * @returns whether it was this call that decided the attempt: only one can, in all processes
   */
  commit(attempt: Attempt, at: Date): Promise<boolean>
  /**
   * Writes that the last byte must never go: by an owner that gives up, or by another one who believes the owner dead.
   *
   * @returns whether it was this call that decided the attempt
   */
  abandon(attempt: Attempt, at: Date): Promise<boolean>
  /** Writes the raw answer, before anybody has tried to understand it. What stands there already stays. */
  writeResponse(attempt: Attempt, response: string): Promise<void>
  /** @returns whether it stands there now: another one may have been written before */
  writeTask(attempt: Attempt, task: string): Promise<boolean>
  writeOutcome(attempt: Attempt, outcome: Outcome): Promise<void>
  /** Writes a person's decision that an attempt does not count, whatever else is known of it. */
  writeVoid(attempt: Attempt, at: Date): Promise<void>
}

/** How often an owner shows that it is alive, ms. */
const heartbeat = 5000

/**
 * The journal of a cache directory.
 *
 * @param files the file system, or what stands in for it
 * @param self the process that writes
 */
export function createJournal(
  layout: Layout,
  files: JournalFiles = createJournalFiles(layout),
  self: ProcessIdentity = identifyProcess(),
): Journal {
  const folderOf = (fingerprint: string): string => shardedPath(layout.journal, fingerprint)
  const attemptFolder = (fingerprint: string, number: number): string =>
    join(folderOf(fingerprint), String(number).padStart(4, '0'))
  const create = async (attempt: Attempt, name: string, content: string): Promise<boolean> =>
    files.create(join(attempt.folder, name), content)
  const readAttempts = async (fingerprint: string): Promise<Attempt[]> => {
    const folder = folderOf(fingerprint)
    const names = await listAttempts(files, folder)
    return Promise.all(names.map(async (name) => readAttempt(files, join(folder, name))))
  }
  const listFingerprints = async (): Promise<string[]> => {
    const shards = (await files.list(layout.journal)).filter((name) => /^[\da-f]{2}$/.test(name))
    const names = await Promise.all(
      shards.toSorted().map(async (shard) => files.list(join(layout.journal, shard))),
    )
    return names.flat().filter((name) => sha256Pattern.test(name))
  }
  const decide = async (attempt: Attempt, kind: Decision['kind'], at: Date): Promise<boolean> => {
    const decided: Decision = { kind, at: at.toISOString() }
    // Nobody else writes the same text: where it stands, it is ours.
    const text = `${kind} ${decided.at} ${self.pid} ${self.host} ${randomUUID()}\n`
    if (!(await create(attempt, 'decided', text))) return false
    attempt.decided = decided
    return true
  }

  return {
    find: async (fingerprint) => chooseAttempt(await readAttempts(fingerprint)),
    readAttempts,
    listFingerprints,
    list: async () => {
      const fingerprints = await listFingerprints()
      // Each opens several files, of which a system has only so many.
      const limit = pLimit(100)
      return Promise.all(
        fingerprints.map(async (fingerprint) =>
          limit(async () => ({ fingerprint, attempts: await readAttempts(fingerprint) })),
        ),
      )
    },
    isVoided: async (fingerprint, task) => isVoidedBy(await readAttempts(fingerprint), task),
    isOfOther: async () => false,
    isFree: async (fingerprint, number) => {
      const attempt = await readAttempt(files, attemptFolder(fingerprint, number))
      return isClosed(attempt) && !mayBePaid(attempt)
    },
    open: async (fingerprint) => {
      const attempts = await readAttempts(fingerprint)
      const chosen = chooseAttempt(attempts)
      if (chosen && (mayBePaid(chosen) || !isClosed(chosen))) return chosen
      // Counted from what was just read: all who saw the same attempt closed open the same next one.
      const folder = attemptFolder(fingerprint, nextNumber(attempts))
      await files.makeFolder(folder)
      return readAttempt(files, folder)
    },
    reread: async ({ folder }) => readAttempt(files, folder),
    claim: async (attempt, subject, at, nonce = randomUUID()) => {
      const owner: Owner = { ...self, nonce, at: at.toISOString(), subject }
      try {
        if (!(await create(attempt, 'owner', `${JSON.stringify(owner)}\n`))) return undefined
      } catch (error) {
        // It may be there all the same, and nobody need wait for an owner that never was.
        const read = await readAttempt(files, attempt.folder).catch(() => attempt)
        if (read.owner?.nonce === owner.nonce) await decide(attempt, 'abandon', at).catch(() => {})
        throw error
      }
      attempt.owner = owner
      const file = join(attempt.folder, 'owner')
      return startHeartbeat(async () => files.touch(file), heartbeat)
    },
    copy: async (fingerprint, attempt) => {
      const { owner, decided, response, task, outcome, voided } = attempt
      const texts = Object.entries({
        owner: owner ? `${JSON.stringify(owner)}\n` : describeUnknownOwner(attempt),
        decided: decided && `${decided.kind} ${decided.at}\n`,
        response,
        task: task && `${task}\n`,
        outcome: outcome && `${JSON.stringify(outcome)}\n`,
        void: voided && `${voided}\n`,
      })
      for (;;) {
        const attempts = await readAttempts(fingerprint)
        const same = attempts.find((each) => isSame(each, attempt))
        const folder = same?.folder ?? attemptFolder(fingerprint, nextNumber(attempts))
        if (!same) await files.makeFolder(folder)
        let isOurs = same !== undefined
        for (const [name, text] of texts) {
          if (text === undefined || (same && name === 'owner' && !owner)) continue
          const isCreated = await files.create(join(folder, name), text)
          // Somebody else has begun an attempt there, as its owner: theirs is another one.
          if (!isOurs && !isCreated) break
          isOurs = true
        }
        const copied = await readAttempt(files, folder)
        if (isOurs || isSame(copied, attempt)) return copied
      }
    },
    commit: async (attempt, at) => decide(attempt, 'commit', at),
    abandon: async (attempt, at) => decide(attempt, 'abandon', at),
    writeResponse: async (attempt, response) => {
      if (await create(attempt, 'response', response)) attempt.response = response
    },
    writeTask: async (attempt, task) => {
      if (await create(attempt, 'task', `${task}\n`)) attempt.task = task
      else attempt.task = (await readAttempt(files, attempt.folder)).task
      return attempt.task === task
    },
    writeOutcome: async (attempt, outcome) => {
      if (await create(attempt, 'outcome', `${JSON.stringify(outcome)}\n`)) {
        attempt.outcome = outcome
      }
    },
    writeVoid: async (attempt, at) => {
      if (await create(attempt, 'void', `${at.toISOString()}\n`)) attempt.voided = at.toISOString()
    },
  }
}

/** Whether somebody has decided that a task does not count, by the attempts at its fingerprint. */
export function isVoidedBy(attempts: readonly Attempt[], task: string): boolean {
  return attempts.some((attempt) => attempt.voided !== undefined && speaksOf(attempt, task))
}

/** Whether two cache directories speak of the same attempt. */
export function isSame(a: Attempt, b: Attempt): boolean {
  const nonces = [a.owner?.nonce, b.owner?.nonce]
  if (nonces.every((nonce) => nonce !== undefined)) return nonces[0] === nonces[1]
  if (a.task !== undefined || b.task !== undefined) return a.task === b.task
  // Where an owner is lost or cannot be read, the moment of the decision tells.
  return a.decided !== undefined && a.decided.at === b.decided?.at && a.response === b.response
}

function nextNumber(attempts: readonly Attempt[]): number {
  const newest = attempts.at(-1)
  return (newest ? numberOf(newest) : 0) + 1
}

/** Whether an attempt speaks of a task, in its own words or in the API's. */
function speaksOf({ task, response }: Attempt, id: string): boolean {
  return task === id || response?.includes(JSON.stringify(id)) === true
}

/** The attempts' folders, oldest first. */
async function listAttempts(files: JournalFiles, folder: string): Promise<string[]> {
  return (await files.list(folder))
    .filter((name) => /^\d{4,}$/.test(name))
    .toSorted((a, b) => Number(a) - Number(b))
}
