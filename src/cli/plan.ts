import { colors } from '../core/colors.ts'
import { compareTexts } from '../core/compare-texts.ts'
import { MagnificError } from '../core/errors.ts'
import { formatPath } from '../core/format-path.ts'
import { alignColumns } from '../core/format-table.ts'
import { formatEstimate, formatSize } from '../core/format-units.ts'
import { fields } from '../core/params.ts'
import type { Params } from '../core/params.ts'
import { isCounted, referenceStates } from '../planner.ts'
import type { PlannedReference, PlanTotals } from '../planner.ts'
import { surveyProject, toSurveyObject } from './survey.ts'
import type { Survey } from './survey.ts'
import type { Workspace } from './workspace.ts'

/** The flags of `magnific plan`. */
export interface PlanFlags {
  /** Whether what is not cached is an error. */
  check?: boolean | undefined
}

/** A table with more rows than this names only what is not cached. */
const manyRows = 40

/** The longest text of a prompt in a table, characters. */
const longestText = 32

/**
 * Tells what a build would ship and buy.
 *
 * @param globs of sources, from where we stand; all where there is none
 * @throws MagnificError `BAD_COMMAND` with `check`, where something is not cached; and where something could not be read,
 *   after the rest was told
 */
export async function runPlan(
  workspace: Workspace,
  globs: readonly string[],
  { check = false }: PlanFlags,
): Promise<void> {
  const { options, print, warn } = workspace
  const survey = await surveyProject(workspace, globs, warn)
  print(renderSurvey(survey, options.root), toSurveyObject(survey, options.root))
  checkProblems(survey)
  if (check) checkCached(survey)
}

/** The table, what is wrong, and the totals. */
export function renderSurvey(survey: Survey, root: string): string {
  const { references, totals, problems } = survey
  const counted = references.filter(isCounted)
  const rows = groupRows(counted)
  const listed = rows.filter(({ state }) => rows.length <= manyRows || state !== 'cached')
  const left = rows.length - listed.length
  const unreached = references.filter((each) => !isCounted(each))
  return [
    ...alignColumns(listed.map((row) => renderRow(row, root))).map((line, index) =>
      listed[index]?.state === 'invalid' || listed[index]?.state === 'failed'
        ? colors.red(line)
        : line,
    ),
    ...(left > 0 ? [`… and ${left} that are cached; --json lists them.`] : []),
    ...counted.filter(({ reason }) => reason !== undefined).map((each) => renderReason(each, root)),
    ...renderUnreached(unreached, root),
    ...problems.map(
      ({ file, message }) => `${colors.yellow(formatPath(root, file))}  ${message.trim()}`,
    ),
    renderTotals(totals),
  ].join('\n')
}

/** One row for a file and its params: what is made of the result costs nothing. */
function groupRows(references: readonly PlannedReference[]): PlannedReference[] {
  const rows = new Map<string, PlannedReference>()
  const priced = new Set<string>()
  for (const each of references) {
    const { file, query, fingerprint, state } = each
    const isImage = fingerprint !== undefined && state !== 'invalid'
    const key = isImage ? `${file}?${fingerprint}` : `${file}?${query}`
    if (rows.has(key)) continue
    // A copy of an image is paid for with it.
    const isPriced = isImage && priced.has(fingerprint)
    if (isImage) priced.add(fingerprint)
    rows.set(key, isPriced ? { ...each, estimate: 0 } : each)
  }
  return [...rows.values()].toSorted(
    (a, b) => compareTexts(a.file, b.file) || compareTexts(a.query, b.query),
  )
}

function renderRow(row: PlannedReference, root: string): string[] {
  const { file, query, params, width, state, estimate } = row
  return [
    formatPath(root, file),
    state === 'invalid' ? decodeQuery(query) : renderParams(params),
    width > 0 ? formatSize(row) : '',
    state,
    estimate > 0 ? formatEstimate(estimate) : '',
  ]
}

/** `4x hdr=2 prompt="a red fox"` */
function renderParams({
  scale_factor: scale = fields.scale_factor.default,
  ...others
}: Params): string {
  const said = Object.entries(others).map(([name, value]) => {
    const text =
      typeof value === 'string' && /\s/.test(value) ? JSON.stringify(shorten(value)) : value
    return `${name}=${text}`
  })
  return [scale, ...said].join(' ')
}

function shorten(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text
}

function renderReason(
  { file, query, importer, line, reason = '' }: PlannedReference,
  root: string,
): string {
  return [
    colors.red(`${formatPath(root, file)}?${query}`),
    `    ${reason}`,
    `    ${formatPath(root, importer)}:${line}`,
  ].join('\n')
}

function renderUnreached(unreached: readonly PlannedReference[], root: string): string[] {
  if (unreached.length === 0) return []
  const importers = new Set(unreached.map(({ importer }) => formatPath(root, importer)))
  const what =
    unreached.length === 1 ? '1 reference stands' : `${unreached.length} references stand`
  return [
    `${what} in sources that no entry is seen to lead to: ${[...importers].join(', ')}. They are not counted; name these sources to see them.`,
  ]
}

/** `7 references · 6 images · 4 cached · 2 missing · ~€0.80 (an estimate)` */
export function renderTotals({ references, images, estimate }: PlanTotals): string {
  const count = Object.values(images).reduce((sum, each) => sum + each, 0)
  if (count === 0) return 'No source refers to an image with ?magnific.'
  return [
    `${references} reference${references === 1 ? '' : 's'}`,
    `${count} image${count === 1 ? '' : 's'}`,
    ...referenceStates
      .filter((state) => images[state] > 0)
      .map((state) => `${images[state]} ${state}`),
    estimate > 0 ? `${formatEstimate(estimate)} (an estimate)` : 'nothing to pay',
  ].join(' · ')
}

/** @throws MagnificError `BAD_COMMAND` where something could not be read */
export function checkProblems({ problems }: Survey): void {
  if (problems.length === 0) return
  throw new MagnificError(
    'BAD_COMMAND',
    `${problems.length === 1 ? '1 thing' : `${problems.length} things`} could not be read, as told above. The rest was done.`,
  )
}

/** @throws MagnificError `BAD_COMMAND` for what no purchase mends */
export function checkRefused({ totals: { images } }: { totals: Pick<PlanTotals, 'images'> }): void {
  const refused = (['failed', 'invalid'] as const).filter((state) => images[state] > 0)
  if (refused.length === 0) return
  throw new MagnificError(
    'BAD_COMMAND',
    `${refused.map((state) => `${images[state]} ${state}`).join(', ')}: a build fails over these. \`npx magnific plan\` says why.`,
  )
}

function checkCached({ totals: { images } }: Survey): void {
  const open = referenceStates.filter((state) => state !== 'cached' && images[state] > 0)
  if (open.length === 0) return
  const isRefused = open.every((state) => state === 'invalid' || state === 'failed')
  if (isRefused) checkRefused({ totals: { images } })
  throw new MagnificError(
    'BAD_COMMAND',
    `Not everything is cached: ${open.map((state) => `${images[state]} ${state}`).join(', ')}. Run \`npx magnific upscale\` where images may be bought, and bring the cache along.`,
  )
}

function decodeQuery(query: string): string {
  try {
    return decodeURIComponent(query)
  } catch {
    return query
  }
}
