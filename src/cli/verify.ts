import { systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import { MagnificError } from '../core/errors.ts'
import {
  checkResults,
  nameSource,
  refetchResults,
  splitByService,
} from '../purchase/check-results.ts'
import type { CheckedResults, Finding } from '../purchase/check-results.ts'
import { shorten } from '../purchase/errors.ts'
import { fetchShared } from '../purchase/fetch-shared.ts'
import { createBlobStore } from '../store/blobs.ts'
import { checkBlobs, checkJournal, checkRecords, findStrays } from '../store/check-files.ts'
import type { SetAside } from '../store/check-files.ts'
import { checkVariants } from '../store/check-variants.ts'
import { createMemo } from '../store/memo.ts'
import { explainForeign } from './resume.ts'
import type { Workspace } from './workspace.ts'

/** What is fetched again is done already: the longest wait for all of it, ms. */
const patience = 5 * 60_000

/** How far it goes. */
export interface VerifyFlags {
  /** Nothing is asked of the API, nor of a shared cache. */
  offline?: boolean | undefined
}

/** What is told, and used, beside the workspace. */
export interface VerifyTools {
  clock?: Clock
  signal?: AbortSignal
  /** Is told of what is odd, a sentence each. */
  warn?: (message: string) => void
  /** Is told how much was hashed so far. */
  onProgress?: (progress: { files: number; bytes: number }) => void
}

/** What was found in a cache directory. */
interface Report {
  results: number
  pending: number
  findings: Finding[]
  setAside: SetAside[]
  strays: string[]
  variants: { checked: number; removed: string[] }
}

/**
 * Checks every file of the cache by its hash, repairs what can be repaired without being bought, and tells what cannot.
 *
 * @throws MagnificError `BAD_COMMAND` where something stays lost or damaged
 */
export async function runVerify(
  workspace: Workspace,
  flags: VerifyFlags,
  now: number,
  tools: VerifyTools = {},
): Promise<void> {
  const found = await verifyCache(workspace, flags, now, tools)
  printReport(workspace, found)
  const bad = found.findings.filter(({ kind }) => kind === 'lost' || kind === 'unrepaired')
  const unreadable = found.setAside.filter(
    ({ target, fingerprint }) => target === undefined && fingerprint === undefined,
  )
  const count = bad.length + unreadable.length
  if (count > 0) {
    throw new MagnificError(
      'BAD_COMMAND',
      `${count === 1 ? 'One thing is not as it was' : `${count} things are not as they were`}. What to do is said with each; nothing was charged for.`,
    )
  }
}

async function verifyCache(
  workspace: Workspace,
  flags: VerifyFlags,
  now: number,
  { clock = systemClock, signal = new AbortController().signal, ...tools }: VerifyTools,
): Promise<Report> {
  const { layout, journal, records } = workspace
  // One of our own, which is saved in the end: what it says is not asked, it is told.
  const memo = createMemo(layout)
  const warn = tools.warn ?? ((): void => {})
  let files = 0
  let bytes = 0
  const onChecked = (checked: { bytes: number }): void => {
    files++
    bytes += checked.bytes
    tools.onProgress?.({ files, bytes })
  }
  const blobs = await checkBlobs(layout, memo, onChecked)
  const hasBlob = (sha256: string): boolean => blobs.good.has(sha256)
  const read = await checkRecords(layout, records, hasBlob)
  const written = await checkJournal(layout, journal)
  const store = createBlobStore(layout, memo, warn)
  const context = { ...workspace, blobs: store, hasBlob, restore: blobs.restore, clock, warn }
  const results = await checkResults(context)
  const findings = [...(await nameRepaired(read.repaired, context)), ...results.findings]
  const settings = { giveUpAt: clock.now() + patience, signal }
  findings.push(...(await fetchMissing(results.owed, flags, context, settings)))
  findings.push(...(await findLostRecords(read.setAside, context)))
  const variants = await checkVariants(layout, memo, () => now, onChecked)
  memo.save()
  const strays = [...blobs.strays, ...read.strays, ...written.strays, ...variants.strays]
  return {
    results: results.results + findings.filter(({ what }) => what === unknownRecord).length,
    pending: results.pending,
    findings,
    setAside: [...blobs.setAside, ...read.setAside, ...written.setAside],
    strays: [...strays, ...(await findStrays(layout))],
    variants: { checked: variants.checked, removed: variants.removed },
  }
}

type Context = Parameters<typeof refetchResults>[2] & Workspace

/** Fetches what is missing, or says why it is not fetched. */
async function fetchMissing(
  owed: CheckedResults['owed'],
  { offline }: VerifyFlags,
  context: Context,
  settings: Parameters<typeof refetchResults>[3],
): Promise<Finding[]> {
  const { client, service } = context
  const shared = offline ? [] : await takeShared(owed, context)
  const taken = new Set(shared.map(({ fingerprint }) => fingerprint))
  const { own, foreign } = splitByService(
    owed.filter(({ known }) => !taken.has(known.fingerprint)),
    service,
  )
  const explain = async (
    { known, task }: CheckedResults['owed'][number],
    what: string,
    way: string,
  ): Promise<Finding> => ({
    kind: 'unrepaired',
    fingerprint: known.fingerprint,
    file: await nameSource(known, context),
    what: `its bytes are gone or damaged, and can be fetched again by task ${task}. ${what}`,
    way,
  })
  const others = await Promise.all(
    foreign.map(async (each) => {
      const bought = each.known.record?.service ?? each.known.attempt?.owner?.subject.service ?? ''
      const { reason, way } = explainForeign(bought, service)
      return explain(each, reason, way)
    }),
  )
  if (own.length > 0 && (offline || !client)) {
    const what = offline ? 'Nothing is asked of the API with --offline.' : 'There is no API key.'
    const way = offline ? 'magnific verify' : 'set FREEPIK_API_KEY, and magnific verify once more'
    const explained = await Promise.all(own.map(async (each) => explain(each, what, way)))
    return [...shared, ...others, ...explained]
  }
  if (own.length === 0 || !client) return [...shared, ...others]
  return [...shared, ...others, ...(await refetchResults(own, client, context, settings))]
}

/** What other machines have is taken from them, and asked of nobody else. */
async function takeShared(owed: CheckedResults['owed'], context: Context): Promise<Finding[]> {
  const { sharing, blobs, records } = context
  if (!sharing) return []
  const findings: Finding[] = []
  for (const { known } of owed) {
    const { fingerprint } = known
    const from = { results: sharing.results, blobs, spare: blobs, records }
    // Where it cannot be had there, its task is asked.
    const found = await fetchShared(fingerprint, from).catch(() => undefined)
    if (found?.kind !== 'whole') continue
    const what = 'its bytes were gone or damaged, and were taken from the shared cache'
    const file = await nameSource(known, context)
    findings.push({ kind: 'repaired', fingerprint, file, what })
  }
  return findings
}

const unknownRecord = 'its record is damaged, and neither the journal nor another record knows it'

/** Records that were set aside, and of which nothing else tells. */
async function findLostRecords(
  setAside: readonly SetAside[],
  { journal, records }: Workspace,
): Promise<Finding[]> {
  const lost: Finding[] = []
  for (const { fingerprint } of setAside) {
    if (fingerprint === undefined || (await records.find(fingerprint))) continue
    if ((await journal.readAttempts(fingerprint)).length > 0) continue
    const way = 'look at what was set aside, or build: it is bought anew, which is charged for'
    lost.push({ kind: 'lost', fingerprint, file: '', what: unknownRecord, way })
  }
  return lost
}

async function nameRepaired(
  repaired: readonly { fingerprint: string; what: string }[],
  context: Context,
): Promise<Finding[]> {
  return Promise.all(
    repaired.map(async ({ fingerprint, what }) => {
      const file = (await context.records.find(fingerprint))?.source.name ?? ''
      return { kind: 'repaired' as const, fingerprint, file, what: `its record: ${what}` }
    }),
  )
}

function printReport({ dir, print }: Workspace, found: Report): void {
  const { results, pending, findings, setAside, strays, variants } = found
  const ofKind = (kind: Finding['kind']): Finding[] => findings.filter((each) => each.kind === kind)
  const [repaired, unrepaired, lost, odd] = [
    ofKind('repaired'),
    ofKind('unrepaired'),
    ofKind('lost'),
    ofKind('odd'),
  ]
  const count = (number: number, what: string): string | false =>
    number > 0 && `${number.toLocaleString('en-US')} ${what}`
  const sums = [
    `${results.toLocaleString('en-US')} ${results === 1 ? 'result' : 'results'}`,
    count(repaired.length, 'repaired'),
    count(unrepaired.length, 'not repaired'),
    count(lost.length, 'lost'),
    count(pending, 'pending'),
    count(setAside.filter(({ target }) => target !== undefined).length, 'set aside'),
    count(
      variants.removed.length,
      `bad ${variants.removed.length === 1 ? 'variant' : 'variants'} removed`,
    ),
    count(strays.length, `${strays.length === 1 ? 'file' : 'files'} that do not belong`),
  ].filter(Boolean)
  print(
    [
      ...[...repaired, ...unrepaired, ...lost, ...odd].flatMap(renderFinding),
      ...setAside.map(({ path, target, what }) =>
        target === undefined ? `${path}: ${what}` : `${path}: ${what}; set aside as ${target}`,
      ),
      ...strays.map((path) => `${path}: does not belong here`),
      `${sums.join(' · ')}  in ${dir}`,
    ].join('\n'),
    {
      cacheDir: dir,
      results,
      pending,
      repaired,
      unrepaired,
      lost,
      odd,
      setAside,
      strays,
      variants,
    },
  )
}

function renderFinding({ fingerprint, kind, file, what, way }: Finding): string[] {
  const row = `${shorten(fingerprint)}  ${kind.padEnd(10)}  ${file || 'unknown file'}  ${what}`
  return way === undefined ? [row] : [row, `    → ${way}`]
}
