import type { ClaimFunction, RemoteOption } from '../../core/remote-option.ts'
import type { ResolvedSigning } from '../../core/signing-option.ts'
import { createBackground } from './background.ts'
import type { Background } from './background.ts'
import { orIfUseless, refusedError } from './errors.ts'
import { createGuardedPort } from './guarded-port.ts'
import { openPort } from './open-port.ts'
import type { Claims, RemotePort } from './port.ts'
import { createSeal, SignatureError } from './seal.ts'

/** A shared cache: texts by key, that several machines read and write. */
export interface Remote {
  /** For people, without passwords. */
  name(): string
  /** Whether this machine may write: it has what it takes to sign, and is not told to read only. */
  readonly canWrite: boolean
  /**
   * A text that was written under a key, proven to be that.
   *
   * @throws RemoteError where the store does not answer; DamagedError; MagnificError `REMOTE_REFUSED` for a bad signature
   */
  read(key: string): Promise<string | undefined>
  /** @throws RemoteError */
  write(key: string, text: string): Promise<void>
  /**
   * Writes a text that is written once and never changed. Where the store can set a value only if none is there, one call in
   * the world is told that it was first; elsewhere two that come at the same moment may both be.
   *
   * @returns whether it is ours that stands there
   * @throws RemoteError where that is not known; DamagedError; MagnificError `REMOTE_REFUSED`
   */
  create(key: string, text: string): Promise<boolean>
  /** What `create` wrote. Throws as `read` does. */
  readCreated(key: string): Promise<string | undefined>
  /** Writes in place of what `create` wrote and nobody can use. @throws RemoteError */
  replace(key: string, text: string): Promise<void>
  /** A text without proof, for what has a hash of its own: a piece of a file. @throws RemoteError */
  readPiece(key: string): Promise<string | undefined>
  /** @throws RemoteError */
  writePiece(key: string, text: string): Promise<void>
  /** Whether `create` tells one call in the world that it was first. @throws RemoteError */
  isAtomic(): Promise<boolean>
  /**
   * Makes sure that the store answers with what was written to it: one that is dead may say that it holds nothing.
   *
   * @throws RemoteError where it does not
   */
  prove(): Promise<void>
  readonly background: Background
  /** Ends the connection, unless somebody uses it; it is made anew when it is needed. */
  rest(): Promise<void>
}

/** What a remote is opened with. */
export interface RemoteSettings {
  remote: RemoteOption
  claim?: ClaimFunction | undefined
  signing?: ResolvedSigning | undefined
  readOnly: boolean
  /** How long the store may say nothing while it is read, ms. */
  timeout: number
  /** The project, absolute: the store's client is loaded from there. */
  root: string
  /** The store, for people, before it is open. */
  name: string
  /** Is told of what is odd, a sentence each. */
  warn: (message: string) => void
  /** ms since 1970 */
  now?: () => number
}

/** A store may be used for other things too. */
const prefix = 'magnific:'

/** A text that is there wherever anything was bought. */
const canaryKey = 'v1/canary'
const canary = 'unplugin-magnific'

/** While it is written, it may say nothing for so many times as long. */
const writeFactor = 5

/** What stands where something was created. */
interface Standing {
  value: string | undefined
  /** The key that the store has it under. */
  place: string
}

/** Nothing is opened before it is needed. */
export function createRemote(settings: RemoteSettings): Remote {
  const { timeout, readOnly, warn, now = Date.now } = settings
  const seal = createSeal(settings.signing)
  const canWrite = !readOnly && seal.canSeal
  let isTold = false
  let examined: Promise<void> | undefined

  /** What a store cannot promise is said before anything is bought. */
  const open = async (): Promise<RemotePort> => {
    const port = await openPort(settings.remote, settings)
    if (canWrite && !isTold && !port.claims) warn(describeMissingClaims(port.name))
    isTold = true
    return port
  }

  const { call, fail, name, rest } = createGuardedPort({ name: settings.name, open, warn, now })

  /** @param place the key that the store has it under, for people */
  const prove = (
    key: string,
    value: string | undefined,
    place = prefix + key,
  ): string | undefined => {
    if (value === undefined) return undefined
    try {
      return seal.open(key, value)
    } catch (error) {
      throw error instanceof SignatureError ? refusedError(name(), place, error.message) : error
    }
  }

  const readPiece = async (key: string): Promise<string | undefined> =>
    call(timeout, async (port) => port.get(prefix + key))
  const writePiece = async (key: string, text: string): Promise<void> =>
    call(timeout * writeFactor, async (port) => port.set(prefix + key, text))
  const read = async (key: string): Promise<string | undefined> => prove(key, await readPiece(key))
  const write = async (key: string, text: string): Promise<void> =>
    writePiece(key, seal.seal(key, text))

  /** @param ask the store's claims, where it has some */
  const findStanding = async (
    key: string,
    ask: (claims: Claims) => Promise<string | undefined>,
  ): Promise<Standing> =>
    call(timeout, async ({ claims, get }) =>
      claims
        ? { value: await ask(claims), place: claims.keyOf(key) }
        : { value: await get(prefix + key), place: prefix + key },
    )

  const createSealed = async (key: string, sealed: string): Promise<Standing> => {
    const stood = await findStanding(key, async (claims) => claims.create(key, sealed))
    if (stood.value !== undefined) return stood
    await writePiece(key, sealed)
    return { ...stood, value: await readPiece(key) }
  }

  const examine = async (): Promise<void> => {
    const weakness = await call(timeout, async (port) => port.findWeakness())
    if (weakness !== undefined) warn(describeWeakness(name(), weakness))
  }

  return {
    name,
    canWrite,
    read,
    write,
    readPiece,
    writePiece,
    create: async (key, text) => {
      const sealed = seal.seal(key, text)
      const { value, place } = await createSealed(key, sealed)
      prove(key, value, place)
      return value === sealed
    },
    replace: async (key, text) => {
      const sealed = seal.seal(key, text)
      await call(timeout * writeFactor, async (port) =>
        port.claims ? port.claims.replace(key, sealed) : port.set(prefix + key, sealed),
      )
    },
    readCreated: async (key) => {
      const { value, place } = await findStanding(key, async (claims) => claims.read(key))
      return prove(key, value, place)
    },
    isAtomic: async () => call(timeout, async ({ claims }) => claims !== undefined),
    prove: async () => {
      await (examined ??= examine().catch((error: unknown) => {
        examined = undefined
        throw error
      }))
      // One that was written before there were keys, or was cut off, says as little as none.
      const readCanary = async (): Promise<string | undefined> => orIfUseless(read(canaryKey))
      if ((await readCanary()) === canary) return
      const isEmpty = (await readPiece(canaryKey)) === undefined
      await write(canaryKey, canary)
      if ((await readCanary()) !== canary) throw fail('it does not answer with what was written')
      if (isEmpty) warn(describeEmpty(name()))
    },
    background: createBackground(name, warn, now),
    rest,
  }
}

function describeEmpty(name: string): string {
  return `The shared cache (${name}) is empty: this is its first use, or it has lost what it held, or is another one than yesterday's. What is bought from now on is kept there.`
}

function describeWeakness(name: string, weakness: string): string {
  return `The shared cache (${name}) may forget what was paid for: ${weakness}. What it forgets is bought again by machines that do not have it.`
}

function describeMissingClaims(name: string): string {
  return `The shared cache (${name}) has no way to set a value only where none is, so that two machines that want an image at the same moment may both buy it. Let one machine buy and all others take (\`cache.readOnly\`), or say \`cache.claim\`.`
}
