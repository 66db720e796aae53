import { existsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createFileOnce } from './files.ts'

/** Where everything is under one cache directory. The version in the path changes with the meaning of what is below it. */
export interface Layout {
  /** Absolute path of the cache directory, `.magnific` by default. */
  readonly dir: string
  readonly results: string
  readonly blobs: string
  readonly journal: string
  /** The ledger of what builds that run now have taken of their budgets. */
  readonly budget: string
  readonly variants: string
  readonly memo: string
  readonly tmp: string
  readonly quarantine: string
}

/** The paths under a cache directory; nothing is created. */
export function createLayout(dir: string): Layout {
  const under = (name: string): string => join(dir, 'v1', name)
  return {
    dir,
    results: under('results'),
    blobs: under('blobs'),
    journal: under('journal'),
    budget: under('budget'),
    variants: under('variants'),
    memo: under('memo.json'),
    tmp: under('tmp'),
    quarantine: under('quarantine'),
  }
}

/** The project that a working directory belongs to: the nearest folder with a package.json, from there upwards. */
export function findProjectRoot(cwd: string): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return cwd
  }
}

/** `ab/abcdef…` under a folder: no folder grows with the number of images beyond what tools list gladly. */
export function shardedPath(folder: string, key: string, ...rest: string[]): string {
  return join(folder, key.slice(0, 2), key, ...rest)
}

const ignoreFile = `# Results, blobs and the journal are what was paid for: commit them, or keep them in a CI cache.
# The rest is made again for free, or is about this machine alone.
/v1/budget/
/v1/variants/
/v1/memo.json
/v1/tmp/
/v1/quarantine/
`

/** What builds that were killed left behind is theirs no more after so long, ms: no download takes a day. */
const tmpAge = 24 * 60 * 60_000

/**
 * Creates the cache directory with its .gitignore, once: one that somebody changed is left alone. Clears away what killed
 * builds left half written.
 *
 * @param now ms since 1970
 */
export async function prepareLayout({ dir, tmp }: Layout, now: number): Promise<void> {
  const ignored = join(dir, '.gitignore')
  if (!existsSync(ignored)) await createFileOnce(tmp, ignored, ignoreFile)
  for (const name of await readdir(tmp).catch(() => [])) {
    const file = join(tmp, name)
    // Another build may clear it away at the same moment.
    const stats = await stat(file).catch(() => undefined)
    if (stats && now - stats.mtimeMs > tmpAge) await rm(file, { force: true, recursive: true })
  }
}
