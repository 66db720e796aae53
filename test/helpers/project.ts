import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder of a user's, with sources in it. */
export interface Project {
  dir: string
  path(...names: string[]): string
  write(name: string, content: string | Uint8Array): string
  read(name: string): Buffer
  /** The files below a folder, absolute and sorted; none where it is missing. */
  list(name: string): string[]
}

/** Takes what is to be done when it all ends. */
export type OnEnd = (end: () => void | Promise<void>) => void

/**
 * A project, with a package.json to be known by, in a temporary folder, removed when the test ends.
 *
 * @param onEnd for what several tests share
 */
export function tmpProject(
  files: Record<string, string | Uint8Array> = {},
  onEnd: OnEnd = onTestFinished,
): Project {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'magnific-project-')))
  onEnd(() => rmSync(dir, { recursive: true, force: true }))
  const write = (name: string, content: string | Uint8Array): string => {
    const file = join(dir, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    return file
  }
  for (const [name, content] of Object.entries({ 'package.json': '{}', ...files }))
    write(name, content)
  const path = (...names: string[]): string => join(dir, ...names)
  return {
    dir,
    path,
    write,
    read: (name) => readFileSync(path(name)),
    list: (name) => {
      if (!existsSync(path(name))) return []
      return readdirSync(path(name), {
        recursive: true,
        withFileTypes: true,
      })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .toSorted()
    },
  }
}
