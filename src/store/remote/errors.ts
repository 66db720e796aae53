import { MagnificError } from '../../core/errors.ts'

/** The shared cache cannot be read or written at this moment: what it holds is not known, which is not the same as nothing. */
export class RemoteError extends MagnificError {
  /** What happened, as a clause. */
  readonly reason: string

  /** @param name the store, for people */
  constructor(name: string, reason: string, cause?: unknown) {
    super(
      'REMOTE_FAILED',
      `The shared cache (${name}) cannot be used: ${reason}. It may hold this image, so that nothing is bought. Mend it and build again, or build with MAGNIFIC_CACHE_REMOTE=false to go on without it, which buys what others may have bought.`,
      { cause },
    )
    this.reason = reason
  }
}

/** What the shared cache holds is not what it was when it was written, or was written by somebody who may not. */
export function refusedError(name: string, key: string, reason: string): MagnificError {
  return new MagnificError(
    'REMOTE_REFUSED',
    `The shared cache (${name}) holds a value that is refused: ${reason} (key "${key}"). Nothing of it is used, and nothing is bought in its place. Find out who wrote it; then delete that key, or let a machine that has the image and the private key run \`npx magnific push\`.`,
  )
}

/** Whether an error tells of a value that nobody can use, and not of a store that does not answer. */
export function isUseless(error: unknown): boolean {
  return (
    error instanceof DamagedError ||
    (error instanceof MagnificError && error.code === 'REMOTE_REFUSED')
  )
}

/** To who asks like this, a value that nobody can use is none. */
export async function orIfUseless<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isUseless(error)) return undefined
    throw error
  }
}

/** A value that says nothing: cut off, or that of another key. */
export class DamagedError extends Error {
  override readonly name: string = 'DamagedError'
}
