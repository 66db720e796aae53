import { randomUUID } from 'node:crypto'
import { chooseAttempt, fingerprintOf, mayBePaid } from '../attempt.ts'
import type { Attempt } from '../attempt.ts'
import { isSame } from '../journal.ts'
import type { Journal } from '../journal.ts'
import { hasEnded } from '../liveness.ts'
import { RemoteError } from './errors.ts'
import type { Remote } from './remote.ts'

/** An attempt as both journals know it, or the one that does. */
interface SharedAttempt extends Attempt {
  local?: Attempt | undefined
  remote?: Attempt | undefined
}

/** An owner that has shown no sign of life for so long has left its attempt, ms. */
const longSilence = 5 * 60_000

/** What a journal is shared with. */
export interface SharingContext {
  /** The cache directory's own. */
  local: Journal
  /** The shared cache's. */
  shared: Journal
  remote: Remote
  /** Whether the shared cache holds a result, whole or not. @throws RemoteError where that is not known */
  hasResult(fingerprint: string): Promise<boolean>
}

/**
 * The journal of a machine that shares a cache with others. Whoever wants an image works on the attempt of all machines: it
 * is owned and decided in the shared cache, and each step of it is on this machine's disk before the shared cache hears of it.
 *
 * - What this machine knows to be paid for needs no shared cache.
 * - Nothing is owned or decided while the shared cache does not answer: what cannot be read is not absent.
 * - Once the last byte has gone, a shared cache that fails ends nothing: it is told later.
 * - What other machines have paid for is copied to this machine's journal when it is met.
 *
 * Its methods throw a RemoteError where what they need to know is not known.
 */
export function createSharedJournal({ local, shared, remote, hasResult }: SharingContext): Journal {
  /** What is known here counts at once; the shared cache hears of it, now or later. */
  const tell = async (what: Attempt, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error
      remote.background.start(what.owner?.subject.file ?? `task ${what.task}`, async () => {
        await work()
      })
    }
  }

  /** The same attempt in the shared cache. */
  const findOther = async (attempt: Attempt): Promise<Attempt | undefined> => {
    if ('local' in attempt) return (attempt as SharedAttempt).remote
    const others = await shared.readAttempts(fingerprintOf(attempt))
    return others.find((other) => isSame(attempt, other))
  }

  const tellOther = async (
    attempt: Attempt,
    work: (other: Attempt) => Promise<unknown>,
  ): Promise<void> =>
    tell(attempt, async () => {
      const other = await findOther(attempt)
      if (other) await work(other)
    })

  const rejectUnsent = async (own: Attempt, at: Date): Promise<void> => {
    const reason = 'never sent: another machine has abandoned it'
    await local.writeOutcome(own, { kind: 'rejected', reason, at: at.toISOString() })
  }

  const readPairs = async (fingerprint: string): Promise<SharedAttempt[]> => {
    const [own, others] = await Promise.all([
      local.readAttempts(fingerprint),
      shared.readAttempts(fingerprint),
    ])
    const pairs = own.map((each) =>
      pair(
        each,
        others.find((other) => isSame(each, other)),
      ),
    )
    const left = others.filter((other) => !own.some((each) => isSame(each, other)))
    const mended = await Promise.all(pairs.map(mend))
    return [...mended, ...left.map((other) => pair(undefined, other))]
  }

  /** A build of this machine ended between writing something down here and telling it. */
  const mend = async (found: SharedAttempt): Promise<SharedAttempt> => {
    const { local: own, remote: other } = found
    if (!own) return found
    if (!other) {
      if (mayBePaid(own)) await tell(own, async () => shared.copy(fingerprintOf(own), own))
      return found
    }
    if (other.voided !== undefined && own.voided === undefined) {
      await local.writeVoid(own, new Date(other.voided))
      return pair(own, other)
    }
    const isUnsent = own.decided?.kind === 'commit' && !mayHaveAnswer(own)
    const isOver = other.decided?.kind === 'abandon'
    const mayEnd = isOver || (!other.decided && isLeft(own, other))
    if (isUnsent && mayEnd && (await remote.isAtomic())) {
      // The last byte goes when both have committed. Now it never will, whoever was right.
      if (!isOver) await shared.abandon(other, new Date())
      const read = await shared.reread(other)
      // On the disk it would look as if it had been sent.
      if (read.decided?.kind === 'abandon') await rejectUnsent(own, new Date())
      return pair(own, read)
    }
    const isNews =
      (own.task !== undefined && other.task === undefined) ||
      (own.outcome !== undefined && other.outcome === undefined) ||
      (own.voided !== undefined && other.voided === undefined)
    if (isNews && other.decided?.kind !== 'abandon') {
      await tell(own, async () => shared.copy(fingerprintOf(own), own))
    }
    return found
  }

  /** The disk may be full: then the next build reads it anew. */
  const keepCopy = async (fingerprint: string, attempt: SharedAttempt): Promise<SharedAttempt> => {
    const other = attempt.remote
    if (!other || !mayBePaid(attempt)) return attempt
    try {
      return pair(await local.copy(fingerprint, other), other)
    } catch {
      return attempt
    }
  }

  /** What this machine knows the task of is taken up, whatever the shared cache says. */
  const findOwn = async (fingerprint: string): Promise<SharedAttempt | undefined> => {
    const own = await local.find(fingerprint)
    if (!own || !mayBePaid(own) || own.task === undefined) return undefined
    const pairs = await orIfUnknown(readPairs(fingerprint), [])
    return pairs.find((each) => each.folder === own.folder) ?? pair(own, undefined)
  }

  const find = async (fingerprint: string): Promise<SharedAttempt | undefined> => {
    const own = await findOwn(fingerprint)
    if (own) return own
    const found = chooseAttempt(await readPairs(fingerprint))
    return found && keepCopy(fingerprint, found)
  }

  const isOwned = ({ beat, decided }: Attempt): boolean => beat > 0 && decided === undefined

  return {
    ...local,
    find,
    isOfOther: shared.isOfOther,
    // What this machine knows to be paid for needs no shared cache.
    isVoided: async (fingerprint, task) =>
      (await local.isVoided(fingerprint, task)) ||
      (await orIfUnknown(shared.isVoided(fingerprint, task), false)),
    open: async (fingerprint) => {
      const known = await find(fingerprint)
      if (known && mayBePaid(known)) return known
      await remote.prove()
      // In this order: whoever has a result in the shared cache is in its journal.
      const isThere = await hasResult(fingerprint)
      const other = await shared.open(fingerprint)
      if (mayBePaid(other)) return keepCopy(fingerprint, pair(undefined, other))
      if (isOwned(other)) return pair(undefined, other)
      if (isThere) {
        throw new RemoteError(
          remote.name(),
          `it holds the result ${fingerprint.slice(0, 12)}, which cannot be read, and not its task`,
        )
      }
      const own = await local.open(fingerprint)
      return isOwned(own) || mayBePaid(own) ? pair(own, undefined) : pair(own, other)
    },
    reread: async (attempt) => {
      const { local: own, remote: other } = toShared(attempt)
      // What is asked again and again may be missed now and then.
      const read = other && (await shared.reread(other).catch(() => other))
      if (own && read?.task !== undefined) await local.writeTask(own, read.task).catch(() => {})
      return pair(own && (await local.reread(own)), read)
    },
    claim: async (attempt, subject, at, nonce = randomUUID()) => {
      const { local: own, remote: other } = toShared(attempt)
      if (!own || !other) return undefined
      const stopOther = await shared.claim(other, subject, at, nonce)
      if (!stopOther) return undefined
      const giveUp = async (): Promise<void> => {
        stopOther()
        await shared.abandon(other, at).catch(() => {})
      }
      try {
        const stopOwn = await local.claim(own, subject, at, nonce)
        if (!stopOwn) {
          await giveUp()
          return undefined
        }
        attempt.owner = own.owner
        return () => {
          stopOwn()
          stopOther()
        }
      } catch (error) {
        await giveUp()
        throw error
      }
    },
    commit: async (attempt, at) => {
      const { local: own, remote: other } = toShared(attempt)
      if (!own || !other) return false
      if (!(await local.commit(own, at))) {
        await shared.abandon(other, at).catch(() => {})
        return false
      }
      // Not told before the shared cache has decided: what is on the disk alone was never sent.
      if (!(await shared.commit(other, at))) {
        await rejectUnsent(own, at)
        return false
      }
      attempt.decided = own.decided
      return true
    },
    abandon: async (attempt, at) => {
      const { local: own, remote: other } = toShared(attempt)
      const isOurs = other ? await shared.abandon(other, at) : true
      if (isOurs && other) attempt.decided = other.decided
      if (!own) return isOurs
      const isOwn = await local.abandon(own, at)
      if (isOwn) attempt.decided ??= own.decided
      return isOurs && isOwn
    },
    writeResponse: async (attempt, response) => {
      const { local: own } = toShared(attempt)
      if (own) await local.writeResponse(own, response)
      attempt.response ??= response
      await tellOther(attempt, async (other) => shared.writeResponse(other, response))
    },
    writeTask: async (attempt, task) => {
      const { local: own } = toShared(attempt)
      const isOurs = own ? await local.writeTask(own, task) : true
      attempt.task = own ? own.task : task
      if (isOurs) await tellOther(attempt, async (other) => shared.writeTask(other, task))
      return isOurs
    },
    writeOutcome: async (attempt, outcome) => {
      const { local: own } = toShared(attempt)
      if (own) await local.writeOutcome(own, outcome)
      attempt.outcome ??= outcome
      await tellOther(attempt, async (other) => shared.writeOutcome(other, outcome))
    },
    writeVoid: async (attempt, at) => {
      const { local: own } = toShared(attempt)
      // All others first: what is void here alone would be followed again.
      const other = await findOther(attempt)
      if (other) await shared.writeVoid(other, at)
      if (own) await local.writeVoid(own, at)
      attempt.voided = at.toISOString()
    },
  }
}

/** An attempt of this machine's journal alone, or one of both. */
function toShared(attempt: Attempt): SharedAttempt {
  return 'local' in attempt ? (attempt as SharedAttempt) : { ...attempt, local: attempt }
}

/** Whether the owner of an attempt has left it: one that is believed to wrongly sends once more, and pays once. */
function isLeft(own: Attempt, other: Attempt): boolean {
  const beat = Math.max(own.beat, other.beat)
  return (own.owner !== undefined && hasEnded(own.owner)) || Date.now() - beat > longSilence
}

async function orIfUnknown<T>(work: Promise<T>, fallback: T): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof RemoteError) return fallback
    throw error
  }
}

function mayHaveAnswer({ task, response, outcome }: Attempt): boolean {
  return (task ?? response ?? outcome) !== undefined
}

/**
 * What both journals know of one attempt. That it was abandoned is known where that was decided; whatever else this machine
 * has written down counts.
 */
function pair(local: Attempt | undefined, remote: Attempt | undefined): SharedAttempt {
  const [first, second] = local ? [local, remote] : [remote, undefined]
  if (!first) throw new Error('An attempt is in one journal at least.')
  return {
    folder: first.folder,
    owner: first.owner ?? second?.owner,
    // That of a copy says when it was copied.
    beat: second?.beat || first.beat,
    decided:
      second?.decided?.kind === 'abandon' ? second.decided : (first.decided ?? second?.decided),
    response: first.response ?? second?.response,
    task: first.task ?? second?.task,
    outcome: first.outcome ?? second?.outcome,
    voided: first.voided ?? second?.voided,
    local,
    remote,
  }
}
