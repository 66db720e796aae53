import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createStep, readText } from './change.ts'
import type { Change, Step } from './change.ts'
import { attributes } from './recipes.ts'
import type { CacheWay } from './recipes.ts'
import { readEol } from './source-style.ts'

/** What counts as ignoring the key's file where git cannot be asked. */
const ignoringLines = ['.env.local', '/.env.local', '*.local', '.env*', '.env.*']

/** The folder of a git repository that a folder is in. */
export function findRepository(dir: string): string | undefined {
  for (let folder = dir; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

/** Says to git what it takes in: never the key; what was paid for as the user wants it, and byte by byte. */
export function planGit(root: string, way: CacheWay): Step {
  const step = createStep()
  const ignored: string[] = []
  if (!isIgnored(root, '.env.local', ignoringLines)) ignored.push('.env.local')
  const isCacheIgnored = isIgnored(root, '.magnific/v1/results/00', ['.magnific', '.magnific/'])
  if (way === 'ci' && !isCacheIgnored) ignored.push('.magnific/')
  if (way !== 'ci' && isCacheIgnored) {
    step.byHand.push(
      'git ignores .magnific/, which --cache commit and --cache lfs take in. Take that out of .gitignore, or say --cache ci.',
    )
  }
  const kept = way === 'ci' ? [] : attributes[way].trimEnd().split('\n')
  const changes = [
    addLines(join(root, '.gitignore'), ignored),
    addLines(join(root, '.gitattributes'), kept),
  ]
  step.changes.push(...changes.filter((change) => change !== undefined))
  if (way === 'lfs') step.notes.push('Everybody who works here runs `git lfs install` once.')
  return step
}

/** A file with some lines at its end, where they are not in it yet. */
function addLines(path: string, lines: readonly string[]): Change | undefined {
  const before = readText(path)
  const known = new Set(before?.split(/\r?\n/).map((line) => line.trim()))
  const missing = lines.filter((line) => !known.has(line))
  if (missing.length === 0) return undefined
  const eol = readEol(before ?? '')
  const gap = before === undefined || before === '' || before.endsWith('\n') ? '' : eol
  return { path, before, after: `${before ?? ''}${gap}${missing.join(eol)}${eol}` }
}

/** Whether git leaves a path out. */
function isIgnored(root: string, path: string, lines: readonly string[]): boolean {
  const asked = spawnSync('git', ['check-ignore', '--quiet', '--no-index', '--', path], {
    cwd: root,
    stdio: 'ignore',
  })
  if (asked.status === 0 || asked.status === 1) return asked.status === 0
  // There is no git, or no repository yet.
  const text = readText(join(root, '.gitignore')) ?? ''
  return text.split(/\r?\n/).some((line) => lines.includes(line.trim()))
}
