import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Names a process among all that may share a cache directory. What a system does not tell is an empty text.
 */
export interface ProcessIdentity {
  pid: number
  /** When the process started, in the kernel's own ticks: process numbers come again. */
  started: string
  /** The kernel's boot id: equal for all containers of a machine, another one after a restart. */
  boot: string
  /** The PID namespace: within another one, the same number is another process. */
  namespace: string
  host: string
}

let self: ProcessIdentity | undefined

/** This process. */
export function identifyProcess(): ProcessIdentity {
  return (self ??= {
    pid: process.pid,
    started: readStart('self'),
    boot: tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: tryRead(() => readlinkSync('/proc/self/ns/pid')),
    host: hostname(),
  })
}

/** Whether a process is where its end can be seen: on the same machine, and in the same container. */
export function isNear(who: ProcessIdentity, from: ProcessIdentity): boolean {
  return who.boot === from.boot && who.namespace === from.namespace && who.host === from.host
}

/**
 * Whether a process is known to have ended. Of one on another machine or in another container nothing is known: its
 * heartbeat has to tell.
 *
 * @param from the process that asks
 */
export function hasEnded(who: ProcessIdentity, from: ProcessIdentity = identifyProcess()): boolean {
  const { pid, started } = who
  if (!isNear(who, from) || !(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const startedNow = readStart(String(pid))
  return startedNow !== '' && started !== '' && startedNow !== started
}

/** The 22nd field of `stat`; the second one, the command in parentheses, may hold spaces. */
function readStart(pid: string): string {
  return tryRead(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  })
}

function tryRead(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/**
 * Shows again and again that this process is alive, and does not keep it alive.
 *
 * @param beat may fail: what counts is that it changes something now and then
 * @param ms between two beats
 * @returns what stops it
 */
export function startHeartbeat(beat: () => Promise<void>, ms: number): () => void {
  const timer = setInterval(() => void beat().catch(() => {}), ms)
  timer.unref()
  return () => clearInterval(timer)
}

/** An owner whose heartbeat stands still for so long is believed dead, ms. A wrong guess costs bandwidth, never money. */
const patience = 60_000
/** The longest patience, ms: it doubles with each attempt, so that two slow machines do not abandon each other for ever. */
const longestPatience = 4 * 60_000
/** A heartbeat of this age needs no watching, whatever other machines' clocks say, ms. */
const ancient = 60 * 60_000

/** Watches an owner from outside. */
export interface OwnerWatch {
  /**
   * Whether the owner is believed dead.
   *
   * @param beat the time of its last heartbeat, ms since 1970 by whichever clock
   * @param now ms since 1970, by this machine's clock
   */
  isDead(owner: ProcessIdentity | undefined, beat: number, now: number): boolean
}

/**
 * Clocks of other machines are not compared with ours: what counts is whether the heartbeat changes while we look.
 *
 * @param attempt the number of the attempt, from 1
 */
export function watchOwner(
  attempt: number,
  ended: (owner: ProcessIdentity) => boolean = hasEnded,
): OwnerWatch {
  const limit = Math.min(patience * 2 ** (attempt - 1), longestPatience)
  let seen: { beat: number; since: number } | undefined
  return {
    isDead: (owner, beat, now) => {
      if (owner && ended(owner)) return true
      if (now - beat > ancient) return true
      if (seen?.beat !== beat) seen = { beat, since: now }
      return now - seen.since >= limit
    },
  }
}
