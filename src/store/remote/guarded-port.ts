import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { isMagnificError } from '../../core/errors.ts'
import { RemoteError } from './errors.ts'
import type { RemotePort } from './port.ts'
import { createSilence } from './silence.ts'

/** Calls of a store that may hang, fail or be gone: each takes so long at most, and one that is dead is left alone for a while. */
export interface GuardedPort {
  /** The store, for people. */
  name(): string
  /**
   * Calls the store, which is opened where it is not.
   *
   * @param ms how long the store may say nothing meanwhile, to anybody who asks
   * @throws RemoteError; MagnificError `BAD_OPTIONS` where the store's client is not installed
   */
  call<T>(ms: number, work: (port: RemotePort) => Promise<T>): Promise<T>
  /** A call went well, and what came of it shows that the store does not work. */
  fail(reason: string): RemoteError
  /** Ends the connection, unless somebody uses it; it is made anew when it is needed. */
  rest(): Promise<void>
}

/** How calls are guarded. */
export interface GuardSettings {
  /** The store, for people, before it is open. */
  name: string
  open: () => Promise<RemotePort>
  /** Is told of the first failure, a sentence. */
  warn: (message: string) => void
  /** ms since 1970 */
  now: () => number
}

/** So many calls are under way at once: a piece of a file is up to half a megabyte, and they share one connection. */
const callsAtOnce = 16
/** After so many failures in a row nothing is asked for a while. */
const failureLimit = 3
/** How long nothing is asked then, ms. */
const pause = 30_000
/** A connection that is not used for so long is ended, ms. */
const idleLimit = 3000

/** Ending a connection may take so long, ms. */
const closeLimit = 1000

/** Nothing is opened before it is needed. */
export function createGuardedPort({ open, warn, now, ...settings }: GuardSettings): GuardedPort {
  const limit = pLimit(callsAtOnce)
  const silence = createSilence()
  let { name } = settings
  let port: Promise<RemotePort> | undefined
  let failures = 0
  /** How often a call failed at once: those that waited at that moment fail for the same reason. */
  let breaks = 0
  let askAgainAt = 0
  let last: RemoteError | undefined
  let isTold = false
  let active = 0
  let idle: NodeJS.Timeout | undefined

  const connect = async (): Promise<RemotePort> => {
    port ??= open()
    try {
      const opened = await port
      name = opened.name
      return opened
    } catch (error) {
      port = undefined
      throw error
    }
  }

  /** @param isNew whether it says anything that is not known */
  const fail = (reason: string, cause?: unknown, isNew = true): RemoteError => {
    last = new RemoteError(name, reason, cause === undefined ? undefined : toCause(cause, reason))
    if (isNew) failures++
    if (failures >= failureLimit) askAgainAt = now() + pause
    if (!isTold) {
      warn(
        `The shared cache (${name}) cannot be used: ${reason}. What is here is used; what is not here is not bought, since it may be there.`,
      )
    }
    isTold = true
    return last
  }

  const checkOpen = (): void => {
    if (last && failures >= failureLimit && now() < askAgainAt) throw last
  }

  const rest = async (): Promise<void> => {
    clearTimeout(idle)
    if (active > 0) return
    const opened = port
    port = undefined
    if (!opened) return
    // What cannot be ended, or is still being opened, is not our concern any more.
    const over = new AbortController()
    const late = sleep(closeLimit, undefined, { signal: over.signal })
    const closed = opened.then(async (each) => each.close())
    await Promise.race([closed, late]).catch(() => {})
    over.abort()
    closed.catch(() => {})
    late.catch(() => {})
  }

  const restIdle = async (): Promise<void> => {
    const opened = await port?.catch(() => undefined)
    if (opened?.canReopen) await rest()
  }

  const callInTime = async <T>(ms: number, work: (port: RemotePort) => Promise<T>): Promise<T> => {
    checkOpen()
    const breaksBefore = breaks
    let isLate = false
    const over = new AbortController()
    // Each of those that are under way may take its time.
    const late = silence.wait(ms, ms * callsAtOnce, over.signal).then((waited) => {
      isLate = true
      throw new Error(`no answer within ${waited} ms`)
    })
    late.catch(() => {})
    try {
      const tried = connect()
        .then(work)
        .catch(async (error: unknown) => {
          // Nobody waits any more, and nobody would end another connection.
          if (isLate) throw error
          // One connection that broke says nothing of the next one; whatever is asked can be asked twice.
          return connect().then(work)
        })
      const result = await Promise.race([tried, late])
      silence.end()
      failures = 0
      return result
    } catch (error) {
      if (isMagnificError(error)) throw error
      const isNew = isLate || breaks === breaksBefore
      if (!isLate && isNew) breaks++
      throw fail(describeFailure(error), error, isNew)
    } finally {
      over.abort()
    }
  }

  return {
    name: () => name,
    fail: (reason) => fail(reason),
    rest,
    call: async (ms, work) => {
      checkOpen()
      clearTimeout(idle)
      active++
      try {
        return await limit(async () => callInTime(ms, work))
      } finally {
        active--
        // A connection that keeps the process from ending keeps this timer going too.
        if (active === 0) idle = setTimeout(() => void restIdle(), idleLimit).unref()
      }
    },
  }
}

/** What a store's client says of a failure, as a clause; several addresses that refuse are one failure. */
function describeFailure(error: unknown): string {
  const { message, code, errors } = Object(error ?? {}) as NodeJS.ErrnoException & {
    errors?: Error[]
  }
  const said = message || errors?.[0]?.message || code
  const text = said || (isSilent(error) ? 'it failed without a word' : String(error))
  return hideCredentials(text.split('\n', 1)[0]?.replace(/\.$/, '') ?? text)
}

function isSilent(error: unknown): boolean {
  return error === undefined || error === null || error === ''
}

/** The error of a store's client, for who looks for the place: what else it carries may be a URL with a password. */
function toCause(error: unknown, reason: string): Error {
  const cause = new Error(reason)
  if (error instanceof Error && error.stack) cause.stack = hideCredentials(error.stack)
  return cause
}

/** A text without the user names and passwords of URLs in it. */
function hideCredentials(text: string): string {
  return text.replaceAll(/\/\/[^/\s]*@/g, '//')
}
