import { createHash } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import glob from 'fast-glob'
import { parse } from 'yaml'
import { evaluate, interpolate, isTrue } from './expressions.ts'
import type { Scope, Value } from './expressions.ts'
import { tmpProject } from './project.ts'
import type { Remote } from './remote.ts'
import { runBash } from './run-bash.ts'

/** What GitHub tells of a run. */
export interface Happening {
  event: 'push' | 'pull_request' | 'schedule'
  /** `refs/heads/main`, or `refs/pull/7/merge`. */
  ref: string
  /** The branch that the checkout gives. */
  branch: string
  secrets?: Record<string, string>
  /** What is in the environment of the machine. */
  env: Record<string, string>
}

/** What came of a run. */
export interface Played {
  /** Whether every step went well. */
  ok: boolean
  /** All that was printed. */
  log: string
  /** The run's page. */
  summary: string
  /** The checkout. */
  folder: string
  /** The names of the caches that were restored and saved. */
  restored: string | undefined
  saved: string | undefined
}

/** The caches of a repository: never changed, read by their own ref and those that start from main. */
export interface CacheHost {
  find(key: string, prefixes: readonly string[], ref: string): Cached | undefined
  save(key: string, ref: string, from: string, path: string): void
}

interface Cached {
  key: string
  ref: string
  folder: string
}

interface Step {
  id?: string
  name?: string
  if?: string
  uses?: string
  with?: Record<string, unknown>
  run?: string
  env?: Record<string, string>
}

interface Workflow {
  on: unknown
  concurrency?: { group: string; 'cancel-in-progress': boolean }
  jobs: Record<string, { 'runs-on': string; env?: Record<string, string>; steps: Step[] }>
}

/** GitHub's store of caches, as its documentation has it. */
export function createCacheHost(): CacheHost {
  const { dir } = tmpProject()
  const caches: Cached[] = []
  return {
    find: (key, prefixes, ref) => {
      for (const from of new Set([ref, 'refs/heads/main'])) {
        const mine = caches.filter((cache) => cache.ref === from)
        const found =
          mine.find((cache) => cache.key === key) ??
          [key, ...prefixes]
            .map((prefix) => mine.findLast((cache) => cache.key.startsWith(prefix)))
            .find((cache) => cache !== undefined)
        if (found) return found
      }
      return undefined
    },
    save: (key, ref, from, path) => {
      if (caches.some((cache) => cache.key === key && cache.ref === ref)) {
        throw new Error(`The cache ${key} is there already.`)
      }
      const folder = join(dir, String(caches.length))
      cpSync(join(from, path), folder, { recursive: true, preserveTimestamps: true })
      caches.push({ key, ref, folder })
    },
  }
}

/** The name of the group in which runs wait for each other. */
export function groupOf(yaml: string, { ref }: Pick<Happening, 'ref'>): string {
  const { concurrency } = parse(yaml) as Workflow
  return interpolate(concurrency?.group ?? '', scopeOf({ 'github.ref': ref }))
}

/**
 * Plays a workflow of one job: its steps in order, commands by bash, and the actions by what their documentation says.
 *
 * @throws where it asks for something that is not played here
 */
export async function playWorkflow(
  yaml: string,
  remote: Remote,
  caches: CacheHost,
  happening: Happening,
): Promise<Played> {
  const { jobs } = parse(yaml) as Workflow
  const [job, ...others] = Object.values(jobs)
  if (!job || others.length > 0) throw new Error('Only workflows of one job are played here.')
  const { dir } = tmpProject()
  const played: Played = {
    ok: true,
    log: '',
    summary: '',
    folder: '',
    restored: undefined,
    saved: undefined,
  }
  const summaryFile = join(dir, 'summary.md')
  writeFileSync(summaryFile, '')
  const outputs: Record<string, Value> = {}
  const context = (env: Record<string, string>): Scope =>
    scopeOf(
      {
        'github.ref': happening.ref,
        'github.event_name': happening.event,
        ...nest('secrets.', happening.secrets ?? {}),
        ...nest('env.', env),
        ...outputs,
      },
      played.folder,
    )
  const jobEnv = resolve(job.env ?? {}, context({}))

  for (const step of job.steps) {
    checkKeys(step)
    const env = { ...jobEnv, ...resolve(step.env ?? {}, context(jobEnv)) }
    const scope = context(env)
    const condition = step.if ?? 'success()'
    if (!played.ok && !condition.includes('always()')) continue
    if (step.if !== undefined && !isTrue(evaluate(step.if, scope))) continue
    const given = resolve(step.with ?? {}, scope)
    if (step.run !== undefined) {
      const ran = await runBash(interpolate(step.run, scope), played.folder, {
        ...happening.env,
        ...env,
        GITHUB_STEP_SUMMARY: summaryFile,
      })
      played.log += ran.log
      if (ran.code !== 0) played.ok = false
    } else if (step.uses?.startsWith('actions/checkout@')) {
      played.folder = remote.clone(happening.branch)
    } else if (step.uses?.startsWith('actions/cache/restore@')) {
      const { key = '', path = '', 'restore-keys': keys = '' } = given
      const found = caches.find(key, keys.split('\n').filter(Boolean), happening.ref)
      if (found) cpSync(found.folder, join(played.folder, path), { recursive: true })
      played.restored = found?.key
      if (found) outputs[`steps.${step.id}.outputs.cache-matched-key`] = found.key
    } else if (step.uses?.startsWith('actions/cache/save@')) {
      const { key = '', path = '' } = given
      caches.save(key, happening.ref, played.folder, path)
      played.saved = key
    } else if (!step.uses?.startsWith('actions/setup-node@')) {
      // Node is there.
      throw new Error(`"${step.uses}" is not played here.`)
    }
  }
  played.summary = readFileSync(summaryFile, 'utf8')
  return played
}

function scopeOf(values: Record<string, Value>, folder = ''): Scope {
  return {
    get: (path) => values[path] ?? '',
    call: (name, args) => {
      const texts = args.map(String)
      if (name === 'always' || name === 'success') return true
      if (name === 'hashFiles') return hashFiles(folder, texts)
      if (name === 'format') {
        return (texts[0] ?? '').replaceAll(/\{(\d)\}/g, (_, at) => texts[Number(at) + 1] ?? '')
      }
      throw new Error(`${name}() is not played here.`)
    },
  }
}

/** SHA-256 over the SHA-256 of each file, as GitHub does it; an empty text where there are none. */
function hashFiles(folder: string, patterns: readonly string[]): string {
  const files = glob.sync([...patterns], { cwd: folder, dot: true }).toSorted()
  if (files.length === 0) return ''
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(
      createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest(),
    )
  }
  return hash.digest('hex')
}

function nest(start: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [start + name, value]))
}

function resolve(values: Record<string, unknown>, scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, interpolate(String(value), scope)]),
  )
}

function checkKeys(step: Step): void {
  const known = ['id', 'name', 'if', 'uses', 'with', 'run', 'env']
  for (const key of Object.keys(step)) {
    if (!known.includes(key)) throw new Error(`"${key}" of a step is not played here.`)
  }
}
