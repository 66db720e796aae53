import { rm } from 'node:fs/promises'
import { relative } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { formatBytes } from '../core/format-units.ts'
import { shorten } from '../purchase/errors.ts'
import { planPrune, removeAttempt, removeBlobs, removeResult } from '../purchase/prune.ts'
import type { PruneCriteria, PrunePlan } from '../purchase/prune.ts'
import { listLeftovers, listVariants, removeVariants } from '../store/free-files.ts'
import type { FreeFile } from '../store/free-files.ts'
import type { Workspace } from './workspace.ts'

const hour = 60 * 60_000
const units: Readonly<Record<string, number>> = { h: hour, d: 24 * hour, w: 7 * 24 * hour }
/** So many results are named. */
const manyResults = 20

/** Why results stay, where that is no state of theirs. */
const keptWords: Readonly<Record<string, string>> = {
  young: 'bought within the hour',
  elsewhere: 'of another service, which this build does not ask',
}

/** What is to go. */
export interface PruneFlags {
  unreferenced?: boolean | undefined
  /** `90d`, `12h`, `2w` */
  olderThan?: string | undefined
  /** Does it; otherwise it is only told. */
  yes?: boolean | undefined
}

/** What the project refers to. */
export interface Referenced {
  /** Of results. */
  fingerprints: ReadonlySet<string>
  /** Keys of variants. */
  variants: ReadonlySet<string>
}

/** All that would go. */
interface Plan extends PrunePlan {
  variants: FreeFile[]
  tmp: FreeFile[]
  quarantine: FreeFile[]
}

/**
 * Clears away what is not wanted any more: results by what the project refers to and by their age, and what is free to make
 * again or worthless. Without `--yes` nothing is touched.
 *
 * @param findReferenced may throw: then nothing is removed
 * @throws MagnificError `BAD_COMMAND`
 */
export async function runPrune(
  workspace: Workspace,
  flags: PruneFlags,
  now: number,
  findReferenced: () => Promise<Referenced>,
): Promise<void> {
  const age = readAge(flags.olderThan)
  const referenced = flags.unreferenced ? await findReferenced() : undefined
  const before = age === undefined ? undefined : now - age
  const { service } = workspace
  const criteria: PruneCriteria = { referenced: referenced?.fingerprints, service, before, now }
  const plan: Plan = {
    ...(await planPrune(criteria, workspace)),
    ...(await planFree(workspace, referenced?.variants, before, now)),
  }
  const done = flags.yes ? await carryOut(plan, criteria, workspace) : plan
  report(workspace, done, flags, criteria)
}

/** What costs nothing to be without. */
async function planFree(
  { layout }: Workspace,
  wanted: ReadonlySet<string> | undefined,
  before: number | undefined,
  now: number,
): Promise<Pick<Plan, 'variants' | 'tmp' | 'quarantine'>> {
  // A build that is running may have just made it, or be about to take it up.
  const isFree = ({ key, changedAt }: { key: string; changedAt: number }): boolean =>
    changedAt < Math.min(before ?? Infinity, now - hour) && !wanted?.has(key)
  return {
    variants: (await listVariants(layout)).filter(isFree),
    tmp: (await listLeftovers(layout.tmp)).filter(({ since }) => since < now - 24 * hour),
    quarantine:
      before === undefined
        ? []
        : (await listLeftovers(layout.quarantine)).filter(({ since }) => since < before),
  }
}

/** @returns what is gone of it: some of it may have been taken up meanwhile */
async function carryOut(plan: Plan, criteria: PruneCriteria, workspace: Workspace): Promise<Plan> {
  const { layout } = workspace
  for (const { path } of [...plan.tmp, ...plan.quarantine]) {
    await rm(path, { recursive: true, force: true })
  }
  const variants: FreeFile[] = []
  for (const variant of plan.variants) {
    if (await removeVariants(layout, variant.path, Date.now)) variants.push(variant)
  }
  const attempts: string[] = []
  for (const folder of plan.attempts) {
    if (await removeAttempt(folder, workspace)) attempts.push(folder)
  }
  const results: Plan['results'] = []
  for (const result of plan.results) {
    if (await removeResult(result.fingerprint, criteria, workspace)) results.push(result)
  }
  const hashes = [...results.flatMap((each) => each.hashes), ...plan.orphans.map((o) => o.sha256)]
  const gone = new Set(await removeBlobs(new Set(hashes), workspace))
  const orphans = plan.orphans.filter(({ sha256 }) => gone.has(sha256))
  return { ...plan, variants, attempts, results, orphans }
}

function report(
  { dir, layout, print }: Workspace,
  plan: Plan,
  { yes = false, unreferenced, olderThan }: PruneFlags,
  { before }: PruneCriteria,
): void {
  const { results, orphans, attempts, variants, tmp, quarantine, kept } = plan
  const isSelective = Boolean(unreferenced) || olderThan !== undefined
  const bytes = sum([...results, ...orphans, ...variants, ...tmp, ...quarantine])
  const rows = [
    countBytes(results, 'result', 'results'),
    countBytes(orphans, 'file of bytes that nothing knows', 'files of bytes that nothing knows'),
    countBytes(variants, 'variant', 'variants'),
    countBytes(tmp, 'half-written file', 'half-written files'),
    countBytes(quarantine, 'file in quarantine', 'files in quarantine'),
    attempts.length > 0 &&
      `${attempts.length} ${attempts.length === 1 ? 'attempt' : 'attempts'} that cost nothing`,
  ].filter((row) => row !== false)
  const stays = Object.entries(kept).flatMap(([state, count]) =>
    count > 0 && isSelective ? `${count} ${keptWords[state] ?? state}` : [],
  )
  const lines = [
    ...results
      .slice(0, manyResults)
      .map(
        ({ fingerprint, file, completedAt, bytes: size }) =>
          `${shorten(fingerprint)}  ${file || 'unknown file'}  ${completedAt}  ${formatBytes(size)}`,
      ),
    results.length > manyResults && `… and ${results.length - manyResults} more`,
    before !== undefined && `Results bought before ${new Date(before).toISOString()} are old.`,
    !isSelective &&
      'Results stay, and which variants are in use is not known: say --unreferenced or --older-than.',
    stays.length > 0 && `${stays.join(', ')}: they stay.`,
    rows.length === 0
      ? `Nothing ${yes ? 'was' : 'is'} to be removed in ${dir}.`
      : `${yes ? 'Removed' : 'Would remove'} ${rows.join(' · ')}: ${formatBytes(bytes)}  in ${dir}`,
    rows.length > 0 && !yes && 'Nothing was touched: add --yes.',
  ]
  const nameAll = (files: readonly FreeFile[]): object[] =>
    files.map(({ path, bytes: size }) => ({ path: relative(dir, path), bytes: size }))
  print(lines.filter((line) => line !== false).join('\n'), {
    cacheDir: dir,
    removed: yes,
    bytes,
    results: results.map(({ hashes: _hashes, ...result }) => result),
    orphans,
    attempts: attempts.map((folder) => relative(layout.dir, folder)),
    variants: nameAll(variants),
    tmp: nameAll(tmp),
    quarantine: nameAll(quarantine),
    kept,
  })
}

function countBytes(
  files: readonly { bytes: number }[],
  one: string,
  many: string,
): string | false {
  if (files.length === 0) return false
  const count = files.length.toLocaleString('en-US')
  return `${count} ${files.length === 1 ? one : many} (${formatBytes(sum(files))})`
}

function sum(files: readonly { bytes: number }[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0)
}

/** @returns ms */
function readAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, count, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? []
  if (count !== undefined) return Number(count) * (units[unit] ?? 0)
  throw new MagnificError(
    'BAD_COMMAND',
    `--older-than must be hours, days or weeks, such as 12h, 90d or 2w, got "${text}".`,
  )
}
