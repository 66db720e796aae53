import { readFile } from 'node:fs/promises'
import { parseRequest } from '../core/request.ts'
import type { Logger } from '../core/logger.ts'
import type { ResolvedOptions } from '../core/options.ts'
import { openContext } from './context.ts'
import type { InspectedImage, Inspection } from './contract.ts'
import { findWorst, inspectProject } from './inspect.ts'
import type { Found, KnownImage, LinkPictures } from './inspect.ts'
import { findPageDir, readPageFile } from './page.ts'
import { createPictures, thumbnailSide } from './pictures.ts'
import type { Picture } from './pictures.ts'
import { renderQuery } from './render-query.ts'

/** A report, in one file. */
export interface RenderedReport {
  html: string
  inspection: Inspection
}

/** Sides of the pictures in a report, pixels: the more of them there are, the smaller they get, so that the file can be kept. */
const sides: readonly { upToReferences: number; side: number }[] = [
  { upToReferences: 60, side: 1600 },
  { upToReferences: 200, side: 1000 },
  { upToReferences: Number.POSITIVE_INFINITY, side: 640 },
]

/** Where the shell of a report takes its data. */
const dataElement = /(<script type="application\/json" id="inspection">)[^<]*(<\/script>)/

/**
 * Renders what there is into one file that needs nothing beside it: pictures are in it, made smaller. Nothing is bought.
 *
 * @param pageDir where the shell is
 * @throws MagnificError `BAD_COMMAND` where the shell is not there
 */
export async function renderReport(
  options: ResolvedOptions,
  logger: Logger,
  found: Found,
  pageDir: string = findPageDir(),
): Promise<RenderedReport> {
  const shell = readPageFile(pageDir, 'report.html')
  const context = openContext(options, logger)
  const pictures = createPictures(context)
  const count = found.references.length
  const { side = 0 } = sides.find(({ upToReferences }) => count <= upToReferences) ?? {}

  const link: LinkPictures = async ({ file, query }, _, result) => {
    const embed = async (make: () => Promise<Picture | undefined>): Promise<string | undefined> => {
      // What cannot be read is told of by the state.
      const picture = await make().catch(() => undefined)
      return picture && toDataUri(picture)
    }
    const thumbnail = await embed(async () => pictures.shrink(file, thumbnailSide))
    const before = await embed(async () => pictures.shrink(file, side))
    const after =
      result === undefined
        ? undefined
        : await embed(async () =>
            pictures.findResult(file, parseRequest(file, query, options).params, side),
          )
    return {
      thumbnail: thumbnail ?? '',
      before: before ?? '',
      after,
      afterKind: after === undefined ? undefined : 'result',
    }
  }

  const { inspection: told, images } = await inspectProject(context, found, pictures, link)
  const inspection: Inspection = {
    mode: 'report',
    ...told,
    budget: undefined,
    buying: { allowed: false, why: 'This is a report: it shows what there was, and buys nothing.' },
    compared: compareImages(told.images, images, options),
    pictureSide: side,
  }
  return { html: insertData(shell, inspection), inspection }
}

/** What the page cannot find out by itself: it writes no queries. */
function compareImages(
  described: readonly InspectedImage[],
  known: ReadonlyMap<string, KnownImage>,
  options: ResolvedOptions,
): NonNullable<Inspection['compared']> {
  const compared: NonNullable<Inspection['compared']> = {}
  for (const own of described) {
    const { file = '' } = known.get(own.id) ?? {}
    const seen = new Set<string>()
    const others = described.filter((each) => {
      const isOther = each.file === own.file && each.pictures.afterKind === 'result'
      return isOther && !seen.has(each.fingerprint) && seen.add(each.fingerprint)
    })
    compared[own.id] = others.map(({ id, fingerprint }) => {
      const { planned } = known.get(id) ?? {}
      const rendered =
        fingerprint === own.fingerprint || planned === undefined
          ? { query: own.query }
          : renderQuery(file, own.query, findWorst(planned).params, options)
      // An image is compared with itself by its own name.
      const named = fingerprint === own.fingerprint ? own.id : id
      return { id: named, query: undefined, ...rendered }
    })
  }
  return compared
}

/** As a script holds it: whatever is in a text, it neither ends the element nor begins a comment. */
function insertData(shell: string, inspection: Inspection): string {
  const data = JSON.stringify(inspection).replaceAll('<', String.raw`\u003c`)
  if (!dataElement.test(shell)) throw new Error('The shell of reports takes no data.')
  // By a function: a "$" in a text means nothing.
  return shell.replace(dataElement, (_, open: string, close: string) => open + data + close)
}

async function toDataUri({ file, type }: Picture): Promise<string> {
  return `data:${type};base64,${(await readFile(file)).toString('base64')}`
}
