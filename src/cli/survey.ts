import { relative, sep } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { formatPath } from '../core/format-path.ts'
import { createPlanner, isCounted, sumPlan } from '../planner.ts'
import type { PlannedReference, PlanTotals } from '../planner.ts'
import type { Scan } from '../scan/scan-project.ts'
import type { ScanProblem } from '../scan/source-files.ts'
import { checkConfigured } from './project.ts'
import type { Workspace } from './workspace.ts'

/** What the sources of a project refer to, and what a build would do about it. */
export interface Survey {
  references: PlannedReference[]
  totals: PlanTotals
  /** What could not be read, and globs that fit nothing; the rest was done. */
  problems: ScanProblem[]
}

/**
 * Reads the sources. Nothing is bought, and nothing is asked of the API.
 *
 * @param globs which sources, from where we stand; none stands for all of the project, and then what no entry leads to is
 *   not counted
 * @throws MagnificError `BAD_CONFIG` where the options cannot be known
 */
export async function scanWorkspace(
  { project, options }: Pick<Workspace, 'project' | 'options'>,
  globs: readonly string[],
): Promise<Pick<Scan, 'references' | 'problems' | 'unmatched'>> {
  const { root, passthrough } = options
  const { ignored, entries, loadResolve } = project
  await checkConfigured(project)
  const [{ scanProject }, resolve] = await Promise.all([
    import('../scan/scan-project.ts'),
    loadResolve(),
  ])
  const from = relative(root, process.cwd()).replaceAll('\\', '/')
  return scanProject({
    root,
    ignored,
    passthrough,
    resolve,
    asksHost: project.configFile !== undefined,
    followsAll: true,
    // Who names sources knows what they are for.
    ...(globs.length > 0
      ? { globs: globs.map((glob) => fromRoot(glob, from)) }
      : { ...(entries && { entries }) }),
  })
}

/** Reads the sources and looks at each reference. */
export async function surveyProject(
  workspace: Workspace,
  globs: readonly string[],
  warn: (message: string) => void,
): Promise<Survey> {
  const scan = await scanWorkspace(workspace, globs)
  const planner = createPlanner(workspace.options, { info: warn, warn })
  const references = await planner.plan(scan.references)
  const unmatched = scan.unmatched.map((glob) => ({
    file: glob,
    message: glob.includes('*')
      ? 'No source fits it. Put it into quotes, so that the shell leaves it as it is.'
      : 'There is no such source. Check the path.',
  }))
  return {
    references,
    totals: sumPlan(references),
    problems: [...unmatched, ...scan.problems],
  }
}

/** Those that a build would meet, as far as anybody can tell. */
export function listCounted({ references }: Survey): PlannedReference[] {
  return references.filter(isCounted)
}

/**
 * What the sources refer to, reached or not: for what removes all else. Nothing is guessed.
 *
 * @throws MagnificError `BAD_COMMAND` where not all of it can be known
 */
export async function findReferenced(workspace: Workspace): Promise<{
  fingerprints: ReadonlySet<string>
  variants: ReadonlySet<string>
}> {
  const { dir, options, warn } = workspace
  if (!`${dir}${sep}`.startsWith(`${options.root}${sep}`)) {
    throw unknownError(`${dir} is not in the project ${options.root}, and others may use it too.`)
  }
  const { references, problems } = await surveyProject(workspace, [], warn)
  const [problem] = problems
  if (problem) throw unknownError(`${problem.file}: ${problem.message}`)
  const refused = references.find(({ state }) => state === 'invalid')
  if (refused) {
    throw unknownError(
      `${formatPath(options.root, refused.importer)}:${refused.line} refers to "${formatPath(options.root, refused.file)}?${refused.query}". ${refused.reason}`,
    )
  }
  return {
    fingerprints: new Set(references.flatMap(({ fingerprint }) => fingerprint ?? [])),
    variants: new Set(references.flatMap(({ keys }) => keys)),
  }
}

function unknownError(reason: string): MagnificError {
  return new MagnificError(
    'BAD_COMMAND',
    `What is referred to is not known, and nothing is removed. ${reason}`,
  )
}

/** A survey as programs read it: paths are relative to `root`, and what is not known is null. */
export function toSurveyObject({ references, totals, problems }: Survey, root: string): object {
  const path = (file: string): string => formatPath(root, file)
  return {
    root,
    references: references.map(({ keys: _keys, isSure: _isSure, ...each }) => ({
      ...each,
      file: path(each.file),
      importer: path(each.importer),
      fingerprint: each.fingerprint ?? null,
      reached: each.reached ?? null,
      reason: each.reason ?? null,
    })),
    totals,
    problems: problems.map(({ file, message }) => ({ file: path(file), message })),
  }
}

function fromRoot(glob: string, folder: string): string {
  if (folder === '') return glob
  const negated = glob.startsWith('!')
  return `${negated ? '!' : ''}${folder}/${negated ? glob.slice(1) : glob}`
}
