import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { MagnificError } from '../../core/errors.ts'

/** A package of the user's. */
export interface Peer {
  /** Its main file, absolute. */
  file: string
  exports: Record<string, unknown>
}

/**
 * Loads an optional package.
 *
 * @param scheme of the URL that asks for it, for people
 * @param from files or file URLs next to which it may be installed: the first that has it wins
 * @throws MagnificError `BAD_OPTIONS` where it is not installed
 */
export async function loadPeer(
  name: string,
  scheme: string,
  from: readonly string[],
): Promise<Peer> {
  for (const base of from) {
    const file = findPackage(name, base)
    if (file === undefined) continue
    const loaded = (await import(pathToFileURL(file).href)) as Record<string, unknown>
    // What Node makes of a CommonJS module has its exports twice.
    const { default: main } = loaded
    const isWrapped = typeof main === 'object' && main !== null
    return { file, exports: isWrapped ? { ...loaded, ...main } : loaded }
  }
  throw new MagnificError(
    'BAD_OPTIONS',
    `\`cache.remote\` is a ${scheme}: URL, for which ${name} is needed, and it is not installed. Install it: npm i -D ${name}`,
  )
}

/** The main file of a package that is installed next to a file or a file URL; `undefined` where it is not. */
export function findPackage(name: string, base: string): string | undefined {
  try {
    return createRequire(base).resolve(name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}
