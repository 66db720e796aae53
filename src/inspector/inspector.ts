import { computeFingerprint, sha256 } from '../core/fingerprint.ts'
import { formatPath } from '../core/format-path.ts'
import type { Logger } from '../core/logger.ts'
import type { ResolvedOptions } from '../core/options.ts'
import { sha256Pattern } from '../core/patterns.ts'
import type { Params } from '../core/params.ts'
import { parseRequest } from '../core/request.ts'
import { createPlanner } from '../planner.ts'
import type { PlannedReference } from '../planner.ts'
import { hashSource } from '../source-file.ts'
import { createBuying } from './buying.ts'
import type { BuyingHost } from './buying.ts'
import { openContext } from './context.ts'
import type {
  Comparison,
  Inspection,
  InspectorEvent,
  Preview,
  PreviewRequest,
  Purchase,
  PurchaseRequest,
} from './contract.ts'
import {
  describeResult,
  findWorst,
  inspectProject,
  nameImage,
  renderDirectives,
} from './inspect.ts'
import type { Found, Inspected, KnownImage, LinkPictures } from './inspect.ts'
import { createPictures, thumbnailSide } from './pictures.ts'
import type { Picture } from './pictures.ts'
import { dropDefaults, renderForm, renderQuery } from './render-query.ts'

/** Whoever the inspector runs behind. */
export interface InspectorHost extends BuyingHost {
  mode: 'dev' | 'ui'
  /** Reads the sources. */
  scan(): Promise<Found>
  /** Whether the host shows a file to whoever may see its pages. */
  mayRead(file: string, query: string): Promise<boolean>
  /** Why it does not show a file, and what to do about that: a sentence or two. */
  whyHidden: string
  /**
   * Opens a source in the editor; missing where the host has no way to.
   *
   * @param file an absolute path
   */
  open?(file: string, line: number): void
}

/** Which picture of an image is asked for. */
export const pictureKinds = ['thumbnail', 'before', 'after'] as const

/** Which picture of an image is asked for. */
export type PictureKind = (typeof pictureKinds)[number]

/** What the routes lead to. What they throw is a `MagnificError`, or nobody's fault. */
export interface Inspector {
  inspect(): Promise<Inspection>
  /** @returns `undefined` where there is no such image; why not, where the host does not show it */
  picture(
    id: string,
    kind: PictureKind,
    signal: AbortSignal,
  ): Promise<Picture | { problem: string } | undefined>
  compare(id: string): Promise<Comparison | undefined>
  result(fingerprint: string): Promise<Picture | undefined>
  /** Reads a query for an image as a build would, or writes it, and shows what it would give. Spends nothing. */
  preview(request: PreviewRequest): Promise<Preview | undefined>
  /** Buys; nothing else does. */
  upscale(request: PurchaseRequest): Promise<Purchase | undefined>
  /** Opens a source that refers to an image. */
  open(file: string, line: number): Promise<{ ok: true } | { ok: false; problem: string }>
  /** @returns stops it */
  listen(listener: (event: InspectorEvent) => void): () => void
  /** Something has changed that pages show. */
  announce(): void
  close(): Promise<void>
}

/** Queries that were tried and can still be looked at. */
const mostTries = 500

/** Nothing is read before a page asks. */
export function createInspector(
  given: ResolvedOptions,
  logger: Logger,
  host: InspectorHost,
): Inspector {
  const context = openContext(given, logger)
  const { options, records, shared } = context
  const { memo } = shared
  const pictures = createPictures(context)
  const planner = createPlanner(options, logger)
  const listeners = new Set<(event: InspectorEvent) => void>()
  const send = (event: InspectorEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const buying = createBuying(context, send, host)
  const tries = new Map<string, { file: string; query: string }>()
  let known: Promise<Inspected> | undefined
  let looking: Promise<Inspected> | undefined

  const link: LinkPictures = async ({ id, file, query }, state, result) => {
    const source = hashOf(file)
    // Another picture has another URL, so that pages load it.
    const url = (kind: PictureKind, ...what: unknown[]): string =>
      `api/picture/${id}/${kind}?v=${versionOf(source, ...what)}`
    const isShown = state !== 'invalid' && readParams(file, query) !== undefined
    return {
      thumbnail: url('thumbnail'),
      before: url('before'),
      after: isShown ? url('after', result) : undefined,
      afterKind: isShown ? (result === undefined ? 'preview' : 'result') : undefined,
    }
  }

  const hashOf = (file: string): string | undefined => {
    try {
      return hashSource(file, memo)
    } catch {
      return undefined
    }
  }

  const readParams = (file: string, query: string): Params | undefined => {
    try {
      return parseRequest(file, query, options).params
    } catch {
      return undefined
    }
  }

  /** Looks anew; who asks meanwhile gets the same answer. */
  const look = async (): Promise<Inspected> => {
    looking ??= host
      .scan()
      .then(async (found) => inspectProject(context, found, pictures, link))
      .finally(() => {
        looking = undefined
      })
    known = looking
    looking.catch(() => {
      known = undefined
    })
    return looking
  }

  const find = async (id: string): Promise<KnownImage | undefined> =>
    (await (known ?? look())).images.get(id)

  /** What a build would do about an image, were its query this one everywhere. */
  const planOne = async (
    { file, planned, kinds }: KnownImage,
    query: string,
  ): Promise<PlannedReference> => {
    const specifier = `${file}?${query}`
    const { importer } = planned[0]
    const place = { specifier, query, importer, file, reached: true, line: 1 }
    const [first, ...others] = await planner.plan(
      [...kinds].map((kind) => ({ ...place, ...(kind && { kind }) })),
    )
    if (!first) throw new Error('Nothing was planned.')
    return findWorst([first, ...others])
  }

  /** A known image with the query that it has, or with one that was tried. */
  const findShown = async (id: string): Promise<{ file: string; query: string } | undefined> =>
    tries.get(id) ?? (await find(id))

  const keepTry = (file: string, query: string): string => {
    const id = nameImage(options.root, file, query)
    tries.delete(id)
    tries.set(id, { file, query })
    const [oldest] = tries.keys()
    if (tries.size > mostTries && oldest !== undefined) tries.delete(oldest)
    return id
  }

  /** The sources of known images that hold these bytes. */
  const findSource = async (sha: string): Promise<KnownImage | undefined> =>
    [...(await (known ?? look())).images.values()].find(({ file }) => hashOf(file) === sha)

  const check = async ({ file, query }: { file: string; query: string }): Promise<boolean> =>
    host.mayRead(file, query)

  return {
    inspect: async () => {
      const { inspection } = await look()
      const { mode } = host
      return {
        mode,
        ...inspection,
        budget: await buying.readBudget(),
        buying: buying.describe(),
      }
    },
    picture: async (id, kind, signal) => {
      const image = await findShown(id)
      if (!image) return undefined
      const { file, query } = image
      // What is not there is told as builds tell it.
      hashSource(file, memo)
      if (!(await check(image))) return { problem: host.whyHidden }
      if (kind === 'thumbnail') return pictures.shrink(file, thumbnailSide, signal)
      if (kind === 'before') return pictures.showSource(file, signal)
      return pictures.showResult(file, parseRequest(file, query, options).params, signal)
    },
    compare: async (id) => {
      const image = await find(id)
      if (!image) return undefined
      const { file, query } = image
      const sha = hashOf(file)
      const params = readParams(file, query)
      const own = sha !== undefined && params && computeFingerprint(options.service, sha, params)
      const all = await Promise.all((await records.list()).map(async (each) => records.find(each)))
      const candidates = all.flatMap((record): Comparison['candidates'] => {
        if (record?.source.sha256 !== sha || record?.service !== options.service) return []
        // Where the bytes are not here, there is nothing to be seen.
        if (!pictures.hasBytes(record)) return []
        const { fingerprint } = record
        const isUsed = fingerprint === own
        const rendered = isUsed ? { query } : renderQuery(file, query, record.params, options)
        return [
          {
            fingerprint,
            query: undefined,
            ...rendered,
            params: dropDefaults(record.params),
            result: describeResult(record),
            after: `api/result/${fingerprint}?v=${versionOf(record.result.sha256)}`,
            isUsed,
          },
        ]
      })
      return {
        file: formatPath(options.root, file),
        candidates: candidates.toSorted((a, b) =>
          (a.result?.completedAt ?? '') < (b.result?.completedAt ?? '') ? -1 : 1,
        ),
      }
    },
    result: async (fingerprint) => {
      if (!sha256Pattern.test(fingerprint)) return undefined
      const record = await records.find(fingerprint)
      const image = record && (await findSource(record.source.sha256))
      if (!image || record.service !== options.service || !(await check(image))) return undefined
      return pictures.findResult(image.file, record.params)
    },
    preview: async ({ id, ...wish }) => {
      const image = await find(id)
      if (!image) return undefined
      const { file } = image
      const rendered = 'query' in wish ? wish : renderForm(file, image.query, wish, options)
      const { query } = rendered
      if (query === undefined) return { ok: false, problem: rendered.problem }
      const tried = await planOne(image, query)
      const { params, width, height, estimate, state, reason, fingerprint } = tried
      if (state === 'invalid' || fingerprint === undefined) {
        return { ok: false, problem: reason ?? 'It cannot be upscaled.' }
      }
      const afterKind = (await pictures.hasResult(file, params)) ? 'result' : 'preview'
      const version = versionOf(fingerprint, state, afterKind)
      return {
        ok: true,
        query,
        params: dropDefaults(params),
        directives: renderDirectives(context, file, query),
        fingerprint,
        width,
        height,
        estimate,
        state,
        afterKind,
        after: `api/picture/${keepTry(file, query)}/after?v=${version}`,
      }
    },
    upscale: async ({ id, query, ...agreed }) => {
      const image = await find(id)
      if (!image) return undefined
      return buying.begin(async () => planOne(image, query), { id, ...agreed })
    },
    open: async (path, line) => {
      if (!host.open) return { ok: false, problem: 'No editor can be opened from here.' }
      const { images, inspection } = await (known ?? look())
      const places = inspection.images.flatMap(({ importers }) => importers)
      const importer = [...images.values()]
        .flatMap(({ planned }) => planned.map((each) => each.importer))
        .find((each) => formatPath(options.root, each) === path)
      const isKnown = places.some((place) => place.file === path && place.line === line)
      if (importer === undefined || !isKnown) {
        return { ok: false, problem: 'No image is referred to from there.' }
      }
      host.open(importer, line)
      return { ok: true }
    },
    listen: (listener) => {
      listeners.add(listener)
      for (const event of buying.list()) listener(event)
      return () => void listeners.delete(listener)
    },
    announce: () => send({ kind: 'changed' }),
    close: async () => buying.close(),
  }
}

/** Changes with whatever it is made from. */
function versionOf(...what: unknown[]): string {
  return sha256(JSON.stringify(what)).slice(0, 12)
}
