import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createStep, readText } from './change.ts'
import type { Step } from './change.ts'
import { findRepository } from './git-files.ts'
import { recipePaths, recipes } from './recipes.ts'
import type { CacheWay, CiHost } from './recipes.ts'

const page = 'docs/ci.md of unplugin-magnific'

/**
 * Writes what CI does, where the user asks for it: a workflow too many would build everything twice.
 *
 * @param host `undefined` where the user said nothing
 */
export function planCi(root: string, host: CiHost | undefined, way: CacheWay): Step {
  const repository = findRepository(root) ?? root
  if (host === undefined) return createStep({ notes: describeOffer(repository) })
  const name = recipePaths[host]
  const recipe = recipes[host][way]
  const path = join(root, name)
  const before = readText(path)
  if (before === recipe) return createStep({ notes: [`${name} is there already.`] })
  if (before !== undefined || repository !== root) {
    const why =
      before === undefined
        ? `The project is a part of a repository, ${repository}, and the workflow would not find it`
        : `${name} is there already, and is another one`
    return createStep({ byHand: [`${why}. Add what is said in ${page}:\n${indent(recipe)}`] })
  }
  const notes = describeLimits(root, host, way)
  return createStep({ changes: [{ path, before, after: recipe }], notes })
}

function describeOffer(repository: string): string[] {
  const host = existsSync(join(repository, '.github'))
    ? 'github'
    : existsSync(join(repository, '.gitlab-ci.yml'))
      ? 'gitlab'
      : undefined
  return host === undefined
    ? []
    : [`--ci ${host} writes a build for CI as well, or says what to add to yours.`]
}

/** What the recipe takes for granted. */
function describeLimits(root: string, host: CiHost, way: CacheWay): string[] {
  const lock = ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'].find((name) =>
    existsSync(join(root, name)),
  )
  const name = recipePaths[host]
  return [
    ...(lock ? [`${name} installs with npm: write what belongs to ${lock} in place of it.`] : []),
    ...(host === 'github' ? [`${name} builds main: write your default branch in its places.`] : []),
    ...(way === 'ci' ? [`The API key goes into CI's secrets as FREEPIK_API_KEY.`] : []),
  ]
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, '    ')
}
