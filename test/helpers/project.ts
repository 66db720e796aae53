import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder of a user's, with sources in it. */
export interface Project {
  dir: string
  path(...names: string[]): string
  write(name: string, content: string | Uint8Array): string
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
  return { dir, path: (...names) => join(dir, ...names), write }
}
