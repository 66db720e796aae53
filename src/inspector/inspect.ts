import { basename } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { compareTexts } from '../core/compare-texts.ts'
import { sha256 } from '../core/fingerprint.ts'
import { formatPath } from '../core/format-path.ts'
import { parseRequest } from '../core/request.ts'
import { createPlanner, isCounted, referenceStates, sumPlan } from '../planner.ts'
import type { PlannableReference, PlannedReference } from '../planner.ts'
import { stateOf } from '../purchase/state.ts'
import type { ScanProblem } from '../scan/source-files.ts'
import type { ResultRecord } from '../store/records.ts'
import type { InspectorContext } from './context.ts'
import type { InspectedImage, Inspection } from './contract.ts'
import { describeDirectives } from './describe-directives.ts'
import { describeFields } from './fields.ts'
import { createImporterReader } from './importers.ts'
import type { Pictures } from './pictures.ts'
import { dropDefaults } from './render-query.ts'

/** What the sources of a project refer to. */
export interface Found {
  references: readonly PlannableReference[]
  /** What could not be read; paths are absolute. */
  problems: readonly ScanProblem[]
}

/** One source with one query, as it is known here. */
export interface KnownImage {
  id: string
  /** The source, an absolute path. */
  file: string
  query: string
  /** Every reference to it. */
  planned: readonly [PlannedReference, ...PlannedReference[]]
  /** The kinds of places where it is referred to: some have room for one URL. */
  kinds: ReadonlySet<PlannableReference['kind']>
}

/** What there is. */
export interface Inspected {
  inspection: Omit<Inspection, 'mode' | 'budget' | 'buying'>
  /** By their ids. */
  images: ReadonlyMap<string, KnownImage>
}

/**
 * Where pictures can be had.
 *
 * @param state of the image
 * @param result the hash of its result, where the bytes are here
 */
export type LinkPictures = (
  image: KnownImage,
  state: PlannedReference['state'],
  result: string | undefined,
) => Promise<InspectedImage['pictures']>

/** So many images are looked at at once: each reads a few files. */
const imagesAtOnce = 32

/** An image by what it is: the same one after a restart, and on other machines. */
export function nameImage(root: string, file: string, query: string): string {
  return sha256(`${formatPath(root, file)}?${query}`).slice(0, 16)
}

/** Looks at each reference, as `magnific plan` does. Nothing is bought, and nothing is asked of the API. */
export async function inspectProject(
  context: InspectorContext,
  { references: found, problems }: Found,
  pictures: Pictures,
  link: LinkPictures,
): Promise<Inspected> {
  const { options, logger } = context
  const { root } = options
  const planned = await createPlanner(options, logger).plan(found)
  const images = groupImages(planned, found, root)
  const readImporter = createImporterReader(root)

  const describe = async (image: KnownImage): Promise<InspectedImage> => {
    const { id, file, query } = image
    const worst = findWorst(image.planned)
    const { fingerprint = '', state, reason = '', params, width, height, estimate } = worst
    const known = state === 'cached' ? await context.records.find(fingerprint) : undefined
    // What only the shared cache has is there for builds, and cannot be looked at.
    const record = known && pictures.hasBytes(known) ? known : undefined
    return {
      id,
      file: formatPath(root, file),
      query,
      params: dropDefaults(params),
      directives: renderDirectives(context, file, query),
      fingerprint: state === 'invalid' ? '' : fingerprint,
      state,
      reason,
      source: await pictures.measure(file).then((size) => size && pickSize(size)),
      result: record && describeResult(record),
      output: record || width === 0 ? undefined : { width, height },
      estimate,
      importers: await Promise.all(
        image.planned.filter(({ importer }) => importer !== '').map(readImporter),
      ),
      pictures: await link(image, state, record?.result.sha256),
    }
  }

  const all = [...images.values()].toSorted(
    (a, b) => compareTexts(a.file, b.file) || compareTexts(a.query, b.query),
  )
  const described: InspectedImage[] = []
  for (let from = 0; from < all.length; from += imagesAtOnce) {
    const batch = all.slice(from, from + imagesAtOnce)
    described.push(...(await Promise.all(batch.map(describe))))
  }
  const { references, images: byState, estimate: outstanding } = sumPlan(planned)
  return {
    images,
    inspection: {
      project: basename(root),
      version: packageJson.version,
      service: options.service,
      baseUrl: options.baseUrl,
      createdAt: new Date().toISOString(),
      images: described,
      totals: {
        references,
        images: Object.values(byState).reduce((sum, count) => sum + count, 0),
        byState,
        spent: await sumSpent(context),
        outstanding,
      },
      fields: describeFields(options),
      problems: [
        ...problems.map((each) => ({ ...each, file: formatPath(root, each.file) })),
        ...describeUnreached(planned, root),
      ],
    },
  }
}

/** @param found in the same order */
function groupImages(
  planned: readonly PlannedReference[],
  found: readonly PlannableReference[],
  root: string,
): Map<string, KnownImage> {
  const images = new Map<string, KnownImage>()
  for (const [index, each] of planned.entries()) {
    if (!isCounted(each)) continue
    const { file, query } = each
    const id = nameImage(root, file, query)
    const known = images.get(id)
    const all: KnownImage['planned'] = known ? [...known.planned, each] : [each]
    const kinds = new Set([...(known?.kinds ?? []), found[index]?.kind])
    images.set(id, { id, file, query, planned: all, kinds })
  }
  return images
}

/** One place may take what another one refuses. */
export function findWorst(planned: KnownImage['planned']): PlannedReference {
  return planned.reduce((worst, each) =>
    referenceStates.indexOf(each.state) > referenceStates.indexOf(worst.state) ? each : worst,
  )
}

/** What is made of a result, for people; an empty text for a query that is refused. */
export function renderDirectives(
  { options }: InspectorContext,
  file: string,
  query: string,
): string {
  try {
    return describeDirectives(file, parseRequest(file, query, options))
  } catch {
    return ''
  }
}

/** The figures of a result that are kept with it. */
export function describeResult({
  result: { width, height, bytes, format },
  task,
  completedAt,
  seconds,
}: ResultRecord): NonNullable<InspectedImage['result']> {
  return { width, height, bytes, format, task, completedAt, seconds }
}

function pickSize({
  width,
  height,
  bytes,
}: NonNullable<InspectedImage['source']>): InspectedImage['source'] {
  return { width, height, bytes }
}

/** What was paid for certain, of the same service: an emulator's estimates are nobody's money. */
async function sumSpent({ journal, options: { service } }: InspectorContext): Promise<number> {
  const now = Date.now()
  const cents = (await journal.list())
    .flatMap(({ attempts }) => attempts)
    .filter((attempt) => ['completed', 'pending'].includes(stateOf(attempt, now)))
    .map(({ owner }) => owner?.subject)
    .filter((subject) => subject?.service === service)
    .reduce((sum, subject) => sum + Math.round((subject?.estimate ?? 0) * 100), 0)
  return cents / 100
}

function describeUnreached(
  planned: readonly PlannedReference[],
  root: string,
): Inspection['problems'] {
  const counts = new Map<string, number>()
  for (const each of planned) {
    if (!isCounted(each)) counts.set(each.importer, (counts.get(each.importer) ?? 0) + 1)
  }
  return [...counts].map(([importer, count]) => ({
    file: formatPath(root, importer),
    message: `No entry is seen to lead here: ${count === 1 ? 'its reference is' : `its ${count} references are`} not counted.`,
  }))
}
