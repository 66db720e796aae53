import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { tmpProject } from './project.ts'
import type { Remote } from './remote.ts'
import { runBash } from './run-bash.ts'

/** What GitLab tells of a job. */
export interface Trigger {
  /** The branch that the checkout gives. */
  branch: string
  /** What GitLab knows, the project's own variables among it: these win over those of the file. */
  variables: Record<string, string>
  /** What is in the environment of the machine. */
  env: Record<string, string>
}

/** What came of a job. */
export interface PlayedJob {
  ok: boolean
  log: string
  folder: string
}

interface Job {
  rules?: { if: string; variables?: Record<string, string> }[]
  variables?: Record<string, string>
  cache?: {
    key: string
    paths: string[]
    policy: string
    when: string
    unprotect: boolean
  }
  script: string[]
}

/** A folder for what GitLab caches, by their keys. */
export function createCacheFolder(): string {
  return tmpProject().dir
}

/**
 * Plays the one job of a `.gitlab-ci.yml`: its rules, its cache and its script.
 *
 * @returns `undefined` where the rules leave it out
 */
export async function playJob(
  yaml: string,
  remote: Remote,
  caches: string,
  { branch, variables, env }: Trigger,
): Promise<PlayedJob | undefined> {
  const [job] = Object.values(parse(yaml) as Record<string, Job>)
  if (!job) throw new Error('There is no job.')
  const rule = job.rules?.find((each) => holds(each.if, variables))
  if (job.rules && !rule) return undefined
  const all = { ...job.variables, ...rule?.variables, ...variables }
  const folder = remote.clone(branch)
  const { key = '', paths = [], when, policy } = job.cache ?? {}
  const how = policy === undefined ? [] : expand(policy, all).split('-')
  for (const path of paths) {
    const cached = join(caches, key, path)
    if (how.includes('pull') && existsSync(cached)) {
      cpSync(cached, join(folder, path), { recursive: true })
    }
  }
  const { code, log } = await runBash(job.script.join('\n'), folder, { ...env, ...all })
  const saves = how.includes('push') && (code === 0 || when === 'always')
  for (const path of saves ? paths : []) {
    rmSync(join(caches, key, path), { recursive: true, force: true })
    cpSync(join(folder, path), join(caches, key, path), { recursive: true })
  }
  return { ok: code === 0, log, folder }
}

/** `$A == $B` and `$A == "text"`, which is all that the recipe needs. */
function holds(condition: string, variables: Record<string, string>): boolean {
  const [, left = '', right = ''] = /^\$(\w+) == (\$\w+|"[^"]*")$/.exec(condition) ?? []
  if (left === '') throw new Error(`This rule is not played here: ${condition}`)
  return (
    variables[left] === (right.startsWith('$') ? variables[right.slice(1)] : right.slice(1, -1))
  )
}

function expand(text: string, variables: Record<string, string>): string {
  return text.replaceAll(/\$(\w+)/g, (_, name: string) => variables[name] ?? '')
}
