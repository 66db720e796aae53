import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { MagnificError } from '../../core/errors.ts'
import { findProjectRoot } from '../../store/layout.ts'
import { colourDiff, readText, renderDiff } from './change.ts'
import type { Change, Step } from './change.ts'
import { planCi } from './ci.ts'
import { planTypes } from './client-types.ts'
import { planGit } from './git-files.ts'
import { initHosts, findHost, planConfig } from './host-config.ts'
import type { CacheWay, CiHost } from './recipes.ts'
import { writeChanges } from './write-changes.ts'

/** The flags of `magnific init`. */
export interface InitFlags {
  /** The host, where there is more than one config: `vite`, `webpack`, `nuxt`, … */
  host?: string | undefined
  /** How `.magnific/` is kept: `commit` (default), `lfs` or `ci`. */
  cache?: string | undefined
  /** Who builds: `github`, `gitlab`, or `none` (default). */
  ci?: string | undefined
  /** Writes without asking. */
  yes?: boolean | undefined
  /** Shows what would be written. */
  dryRun?: boolean | undefined
  json?: boolean | undefined
}

/** Where the words go, and who answers. */
export interface InitTerminal {
  write: (text: string) => void
  /**
   * Asks whether to go on; with `yes`, nobody.
   *
   * @throws MagnificError `BAD_COMMAND` where there is nobody to ask
   */
  confirm: (
    question: string,
    flags: { yes?: boolean | undefined; json?: boolean | undefined },
  ) => Promise<boolean>
}

const cacheWays: readonly CacheWay[] = ['commit', 'lfs', 'ci']
const ciHosts: readonly (CiHost | 'none')[] = ['github', 'gitlab', 'none']

/**
 * Sets up the project that we stand in, and shows first what it writes.
 *
 * @throws TypeError for flags that are not understood
 * @throws MagnificError `BAD_COMMAND` where a part is left for a person to do, or nothing may be written
 */
export async function runInit(flags: InitFlags, { write, confirm }: InitTerminal): Promise<void> {
  const { cache, ci } = readFlags(flags)
  const { dryRun = false, json = false } = flags
  const root = findProjectRoot(process.cwd())
  const found = findHost(root, flags.host)
  const steps = [
    planConfig(root, found),
    planTypes(root, found.host),
    planGit(root, cache),
    planCi(root, ci, cache),
  ]
  const { changes, notes, byHand } = joinSteps([...steps, planInstall(root)])
  const nameOf = ({ path }: Change): string => relative(root, path).replaceAll(sep, '/')
  const diffs = changes.map((change) => renderDiff(change, nameOf(change)))

  if (!json) {
    for (const diff of diffs) write(colourDiff(diff))
    for (const note of [...notes, ...byHand]) write(note)
    if (changes.length === 0) write('Nothing is to be written.')
  }
  const report = (): void => {
    const files = changes.map((change, index) => ({
      file: nameOf(change),
      action: change.before === undefined ? 'create' : 'change',
      written: readText(change.path) === change.after,
      diff: diffs[index],
    }))
    if (json) write(JSON.stringify({ root, host: found.host, files, notes, byHand }, null, 2))
  }
  try {
    if (changes.length > 0 && !dryRun) {
      const goes = await confirm(`Write ${countFiles(changes)}`, flags)
      if (goes) writeChanges(changes)
      if (!json) write(goes ? `Written: ${changes.map(nameOf).join(', ')}.` : 'Nothing is written.')
    }
  } finally {
    report()
  }
  if (byHand.length > 0) {
    throw new MagnificError(
      'BAD_COMMAND',
      json ? byHand.join('\n') : 'Something is left for you to do: it is said above.',
    )
  }
}

function readFlags({ host, cache = 'commit', ci = 'none' }: InitFlags): {
  cache: CacheWay
  ci: CiHost | undefined
} {
  const problems: string[] = []
  const read = <T extends string>(
    flag: string,
    value: string,
    allowed: readonly T[],
  ): T | undefined => {
    const known = allowed.find((each) => each === value)
    if (known === undefined) {
      problems.push(`${flag} must be one of ${allowed.join(', ')}, got "${value}".`)
    }
    return known
  }
  if (host !== undefined) read('--host', host, initHosts)
  const way = read('--cache', cache, cacheWays) ?? 'commit'
  const builder = read('--ci', ci, ciHosts)
  if (problems.length > 0) throw new TypeError(problems.join('\n'))
  return { cache: way, ci: builder === 'none' ? undefined : builder }
}

function joinSteps(steps: readonly Step[]): Step {
  return {
    changes: steps.flatMap(({ changes }) => changes),
    notes: steps.flatMap(({ notes }) => notes),
    byHand: steps.flatMap(({ byHand }) => byHand),
  }
}

/** Installing is for the user's own package manager. */
function planInstall(root: string): Step {
  const text = readText(join(root, 'package.json'))
  if (text?.includes('"unplugin-magnific"')) return { changes: [], notes: [], byHand: [] }
  const has = (name: string): boolean => existsSync(join(root, name))
  const command = has('pnpm-lock.yaml')
    ? 'pnpm add --save-dev'
    : has('yarn.lock')
      ? 'yarn add --dev'
      : has('bun.lock') || has('bun.lockb')
        ? 'bun add --dev'
        : 'npm install --save-dev'
  const notes = [`The plugin is not installed: ${command} unplugin-magnific`]
  return { changes: [], notes, byHand: [] }
}

function countFiles({ length }: readonly Change[]): string {
  return length === 1 ? 'this file' : `these ${length} files`
}
