import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { sha256 } from '../core/fingerprint.ts'
import type { AlphaPolicy } from '../core/options.ts'
import type { Params } from '../core/params.ts'
import { taskIdPattern } from '../core/patterns.ts'
import type { JournalFiles } from './journal-files.ts'
import type { ProcessIdentity } from './liveness.ts'

/** What an attempt is meant to buy, for those who come later and have nothing but the journal. */
export interface AttemptSubject {
  /** Who was asked: see `serviceOf`. */
  service: string
  /** The source as the project calls it, with forward slashes. */
  file: string
  /** SHA-256 of the source's bytes. */
  source: string
  params: Params
  /** Of the source, pixels. */
  width: number
  height: number
  /** euros */
  estimate: number
  /** What was done about its transparency. Missing in attempts that are older than the question. */
  alpha?: AlphaPolicy | undefined
  /** The picture itself, tiny: raw pixels in base64. */
  thumbnail: string
  /** The newest tasks that the API listed beforehand; missing where it lists none. */
  listed?: string[] | undefined
}

/** Who tries to buy, and what. */
export interface Owner extends ProcessIdentity {
  /** Tells two attempts of one process apart. */
  nonce: string
  /** ISO 8601 */
  at: string
  subject: AttemptSubject
}

/** What was decided of the last byte: that it goes (`commit`), or that it never will (`abandon`). */
export interface Decision {
  kind: 'commit' | 'abandon'
  /** ISO 8601; an empty text where the file does not tell. */
  at: string
}

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
  /** Missing as well where the file cannot be read. */
  owner: Owner | undefined
  /** The owner's last heartbeat, ms since 1970 by the file system's clock; 0 where nobody owns the attempt. */
  beat: number
  /** Before the last byte is committed, nothing can have been charged. */
  decided: Decision | undefined
  /** The raw answer to the POST. */
  response: string | undefined
  task: string | undefined
  outcome: Outcome | undefined
  /** When somebody decided that the attempt does not count, ISO 8601. */
  voided: string | undefined
}

/** Reads all that is known of an attempt. */
export async function readAttempt(files: JournalFiles, folder: string): Promise<Attempt> {
  const path = (name: string): string => join(folder, name)
  const [owner, beat, decided, response, task, outcome, voided] = await Promise.all([
    files.read(path('owner')),
    files.readBeat(path('owner')),
    ...['decided', 'response', 'task', 'outcome', 'void'].map(async (name) =>
      files.read(path(name)),
    ),
  ])
  const read =
    outcome === undefined
      ? undefined
      : parseObject<Outcome>(outcome, ({ kind }) => typeof kind === 'string')
  const id = task?.trim() ?? ''
  const isTask = taskIdPattern.test(id)
  // What cannot be read, such as git's merge of two, says nothing: the other files still say what was paid. It makes room
  // for what can.
  if (outcome !== undefined && !read) files.setAside(path('outcome'), outcome)
  if (task !== undefined && !isTask) files.setAside(path('task'), task)
  return {
    folder,
    owner:
      owner === undefined
        ? undefined
        : parseObject<Owner>(owner, ({ subject }) => isSubject(subject)),
    beat,
    decided: decided === undefined ? undefined : parseDecision(decided),
    response,
    task: isTask ? id : undefined,
    outcome: read,
    voided: voided?.trim(),
  }
}

const unknownOwner = 'unknown '

/**
 * What stands in a copy in place of an owner that nobody knows: nobody can become it. Two machines that copy the same attempt
 * write the same.
 */
export function describeUnknownOwner({ task, decided, response = '' }: Attempt): string {
  return `${unknownOwner}${task ?? sha256(`${decided?.at} ${response}`)}\n`
}

/** Whether it is written down on the disk that nobody knows an attempt's owner: then there is nothing to be read. */
export async function lacksOwner({ folder }: Attempt): Promise<boolean> {
  const text = await readFile(join(folder, 'owner'), 'utf8').catch(() => '')
  return text.startsWith(unknownOwner)
}

/** Whether money may have gone into an attempt: one of its files is enough, whichever the others that are lost. */
export function mayBePaid({ decided, response, task, outcome, voided }: Attempt): boolean {
  if (voided !== undefined) return false
  if (task !== undefined) return true
  // Merged caches may hold the refusal of one submission beside the acceptance of another one.
  if (outcome?.kind === 'rejected' && !response?.startsWith('HTTP 2')) return false
  // A server may have accepted what it had not read to its end: an answer counts even where the last byte never went.
  return decided?.kind === 'commit' || (response ?? outcome) !== undefined
}

/** The attempt that counts. What was paid for does, even beside a newer one: merged caches may hold such things. */
export function chooseAttempt(attempts: readonly Attempt[]): Attempt | undefined {
  const paid = attempts.filter(mayBePaid)
  // One whose task nobody knows is as good as the task of another one.
  return paid.findLast(({ task }) => task !== undefined) ?? paid.at(-1) ?? attempts.at(-1)
}

/** Whether nothing can come of an attempt that is not paid for any more, so that the next one is right. */
export function isClosed({ decided, outcome, voided }: Attempt): boolean {
  return (decided ?? outcome ?? voided) !== undefined
}

/** The number of an attempt, from 1. */
export function numberOf({ folder }: Pick<Attempt, 'folder'>): number {
  return Number(basename(folder))
}

/** The fingerprint that an attempt is at. */
export function fingerprintOf({ folder }: Pick<Attempt, 'folder'>): string {
  return basename(dirname(folder))
}

/** Only the word of an abandoned attempt sets it free: that there is a decision counts as a commit, whatever is in it. */
function parseDecision(text: string): Decision {
  const [kind, at = ''] = text.trim().split(' ')
  return { kind: kind === 'abandon' ? 'abandon' : 'commit', at }
}

/** Whether an owner tells what it wants to buy: of one that does not, nothing is known. */
function isSubject(value: Partial<AttemptSubject> | null | undefined): boolean {
  const { file, params, width, height, thumbnail } = value ?? {}
  return (
    [file, thumbnail].every((text) => typeof text === 'string') &&
    [width, height].every((side) => typeof side === 'number') &&
    typeof params === 'object' &&
    params !== null
  )
}

/** An object from its JSON, where it is one of the right kind. */
function parseObject<T extends object>(
  text: string,
  isRight: (parsed: Partial<T>) => boolean,
): T | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const isObject = typeof parsed === 'object' && parsed !== null
    return isObject && isRight(parsed) ? (parsed as T) : undefined
  } catch {
    return undefined
  }
}
