import { statSync } from 'node:fs'

/**
 * The file that the path of a URL means: as it stands, else percent-decoded. Hosts decode paths themselves, but for
 * what separates the parts of a URL, `%23` among it.
 *
 * @returns `undefined` where there is neither
 */
export function findFile(path: string): string | undefined {
  if (isFile(path)) return path
  const decoded = decodePath(path)
  return decoded !== undefined && decoded !== path && isFile(decoded) ? decoded : undefined
}

/** The path of a file in what Vite writes for files outside the root, `/@fs/a/hero.png`. */
export function readFsPath(path: string): string {
  return path.slice(process.platform === 'win32' ? '/@fs/'.length : '/@fs'.length)
}

/** A path without what hosts, and browsers, take for the end of one or for an escape; `findFile` reads it. */
export function escapePath(path: string): string {
  return path.replaceAll('%', '%25').replaceAll('#', '%23')
}

/** Percent-decodes a path; `undefined` where that cannot be done. */
export function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    // Not there, below what is no folder, too long for a name, a link to itself.
    return false
  }
}
