import pLimit from 'p-limit'
import { systemClock } from '../core/clock.ts'
import type { Directives } from '../core/directives.ts'
import { computeFingerprint } from '../core/fingerprint.ts'
import { nameVariant } from '../core/formats.ts'
import { longestSide, maxSourcePixels } from '../core/limits.ts'
import { urlOutput } from '../core/outputs.ts'
import type { Params } from '../core/params.ts'
import { createVariantMaker } from '../derive/variant-maker.ts'
import type { WriteVariant } from '../derive/variant-maker.ts'
import type { MeasuredImage } from '../image/inspect.ts'
import { isAccepted, refuseKind } from '../image/refusals.ts'
import { sniffFile } from '../image/sniff.ts'
import type { SniffedFormat } from '../image/sniff.ts'
import { markOrigins } from '../lookup.ts'
import { prepareCache } from '../shared.ts'
import { hashSource } from '../source-file.ts'
import { needsAlpha } from '../store/records.ts'
import type { ResultRecord } from '../store/records.ts'
import { computeVariantKey } from '../store/variants.ts'
import type { InspectorContext } from './context.ts'

/** A picture that a browser shows. */
export interface Picture {
  /** An absolute path. */
  file: string
  /** `image/png` */
  type: string
}

/** Makes what is shown of images, when it is asked for, and once. */
export interface Pictures {
  /** How large a source is; `undefined` for what is no picture that can be upscaled. */
  measure(file: string): Promise<Pick<MeasuredImage, 'width' | 'height' | 'bytes'> | undefined>
  /** A source, no larger than `side` pixels in width and in height. */
  shrink(file: string, side: number, signal?: AbortSignal): Promise<Picture>
  /** Whether the bytes of a result are here. */
  hasBytes(record: ResultRecord): boolean
  /** Whether the result for some params of a source is here: its record, and its bytes. */
  hasResult(file: string, params: Params): Promise<boolean>
  /** The result that is here for some params of a source, as it ships; no larger than `side` where that is said. */
  findResult(file: string, params: Params, side?: number): Promise<Picture | undefined>
  /** A source as it is, or as browsers can show it. */
  showSource(file: string, signal: AbortSignal): Promise<Picture>
  /** The result for some params, or a preview of it. @throws MagnificError as `Upscaler.upscale` */
  showResult(file: string, params: Params, signal: AbortSignal): Promise<Picture>
}

/** Width, and height, of a picture in a list, pixels. */
export const thumbnailSide = 320
/** Pictures of files that browsers show. */
const types: Partial<Record<SniffedFormat, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  gif: 'image/gif',
  bmp: 'image/bmp',
}
/** Made at once: each takes a thread, and there are few. */
const madeAtOnce = 2
const thumbnailQuality = 80
/** Of what nobody calls off. One for each: whoever waits listens to it, and there may be hundreds. */
const forever = (): AbortSignal => new AbortController().signal

/** Nothing is made before it is asked for. */
export function createPictures(context: InspectorContext): Pictures {
  const { options, shared, variants, records, blobs, misses, logger } = context
  const { memo, cold } = shared
  if (!cold) throw new Error('The miss handler opens what is shared.')
  const warn = (message: string): void => logger.warn(`magnific: ${message}`)
  const make = createVariantMaker(shared, cold.spare, variants, systemClock, warn)
  const limiter = pLimit(madeAtOnce)
  const limit = async <T>(work: () => Promise<T>): Promise<T> => limiter(work)
  const sizes = new Map<string, { sha256: string; size: ReturnType<Pictures['measure']> }>()

  const measureAnew = async (file: string): ReturnType<Pictures['measure']> => {
    const { measureSource } = await import('../image/inspect.ts')
    return measureSource(file, 1, { onTooLarge: 'downscale' })
  }

  /** A copy that is made here, by what it is made from. */
  const derive = async (
    file: string,
    origin: string,
    directives: Directives,
    write: (tmp: string) => Promise<{ width: number; height: number; size: number }>,
    signal: AbortSignal,
  ): Promise<Picture> => {
    // Where the disk takes nothing, there is a spare folder.
    await prepareCache(shared).catch(() => {})
    const { format } = directives
    const key = computeVariantKey(`inspector:${origin}`, directives)
    const writeVariant: WriteVariant = async (tmp) => {
      const { width, height, size } = await write(tmp)
      return { width, height, bytes: size, source: { width, height, bytes: size } }
    }
    const wish = { key, name: nameVariant(file, format), format, limit, signal }
    return { file: await make(wish, writeVariant), type: `image/${format}` }
  }

  const shrinkFile = async (
    name: string,
    file: string,
    origin: string,
    side: number,
    signal: AbortSignal,
  ): Promise<Picture> => {
    const w = String(side)
    const quality = String(thumbnailQuality)
    const directives: Directives = { w, h: w, fit: 'inside', format: 'webp', quality }
    const write = async (tmp: string): Promise<{ width: number; height: number; size: number }> => {
      const { default: sharp } = await import('sharp')
      return sharp(file, { limitInputPixels: maxSourcePixels })
        .autoOrient()
        .resize(side, side, { fit: 'inside', withoutEnlargement: true })
        .toColourspace('srgb')
        .webp({ quality: thumbnailQuality, effort: 2 })
        .toFile(tmp)
    }
    return derive(name, origin, directives, write, signal)
  }

  /** The bytes that were paid for, where they are what ships. */
  const findPaid = async (fingerprint: string): Promise<Picture | undefined> => {
    const record = await records.find(fingerprint)
    if (!record || needsAlpha(record) !== false) return undefined
    const file = findBlob(record.result.sha256)
    const type = types[record.result.format as SniffedFormat]
    return file !== undefined && type !== undefined ? { file, type } : undefined
  }

  /** What Git LFS has left in place of the bytes is no picture. */
  const findBlob = (sha256: string): string | undefined => {
    try {
      return blobs.verify(sha256)
    } catch {
      return undefined
    }
  }

  const hasBytes: Pictures['hasBytes'] = ({ result }) => findBlob(result.sha256) !== undefined

  const hasFingerprint = async (fingerprint: string): Promise<boolean> => {
    const record = await records.find(fingerprint)
    return record !== undefined && hasBytes(record)
  }

  const obtain = async (
    file: string,
    params: Params,
    format: Directives['format'],
    signal: AbortSignal,
  ): Promise<Picture> => {
    const sourceHash = hashSource(file, memo)
    const fingerprint = computeFingerprint(options.service, sourceHash, params)
    const { files } = await misses.obtain(
      {
        file,
        sourceHash,
        fingerprint,
        origin: fingerprint + markOrigins(options),
        request: { params, variants: [{ format }], output: urlOutput, hostQuery: '' },
      },
      'preview',
      signal,
    )
    return { file: files[0] ?? '', type: `image/${format}` }
  }

  const fingerprintOf = (file: string, params: Params): string =>
    computeFingerprint(options.service, hashSource(file, memo), params)

  const findResult = async (file: string, params: Params): Promise<Picture | undefined> => {
    const fingerprint = fingerprintOf(file, params)
    const paid = await findPaid(fingerprint)
    if (paid) return paid
    // With the transparency of its source.
    return (await hasFingerprint(fingerprint)) ? obtain(file, params, 'png', forever()) : undefined
  }

  return {
    hasBytes,
    hasResult: async (file, params) => hasFingerprint(fingerprintOf(file, params)),
    measure: async (file) => {
      try {
        const sha256 = hashSource(file, memo)
        const known = sizes.get(file)
        if (known?.sha256 === sha256) return await known.size
        const size = measureAnew(file).catch(() => undefined)
        sizes.set(file, { sha256, size })
        return await size
      } catch {
        return undefined
      }
    },
    shrink: async (file, side, signal = forever()) => {
      checkPicture(file, await sniffFile(file))
      return shrinkFile(file, file, hashSource(file, memo), side, signal)
    },
    findResult: async (file, params, side) => {
      const found = await findResult(file, params)
      if (!found || side === undefined) return found
      return shrinkFile(file, found.file, fingerprintOf(file, params), side, forever())
    },
    showSource: async (file, signal) => {
      const format = await sniffFile(file)
      checkPicture(file, format)
      const type = types[format]
      if (type !== undefined) return { file, type }
      const size = await measureAnew(file)
      const shown = chooseFormat(size)
      const write = async (
        tmp: string,
      ): Promise<{ width: number; height: number; size: number }> => {
        const { default: sharp } = await import('sharp')
        const image = sharp(file, { limitInputPixels: maxSourcePixels }).autoOrient()
        return image.toColourspace('srgb').toFormat(shown, { quality: 95 }).toFile(tmp)
      }
      return derive(file, hashSource(file, memo), { format: shown }, write, signal)
    },
    showResult: async (file, params, signal) => {
      const found = await findResult(file, params)
      if (found) return found
      const { output } = await planSize(context, file, params)
      return obtain(file, params, chooseFormat(output), signal)
    },
  }
}

async function planSize(
  { options }: InspectorContext,
  file: string,
  params: Params,
): Promise<{ output: { width: number; height: number } }> {
  const [{ measureSource }, { scaleOf }] = await Promise.all([
    import('../image/inspect.ts'),
    import('../core/params.ts'),
  ])
  const scale = scaleOf(params)
  const { sent } = await measureSource(file, scale, options)
  return { output: { width: sent.width * scale, height: sent.height * scale } }
}

/** Small and quickly made, where it fits. */
function chooseFormat(size: { width: number; height: number } | undefined): 'webp' | 'png' {
  const longest = Math.max(size?.width ?? 0, size?.height ?? 0)
  return longest > longestSide.webp ? 'png' : 'webp'
}

/** What a name says is not to be trusted: an SVG is a page, with scripts in it. */
function checkPicture(file: string, format: SniffedFormat): void {
  if (!isAccepted(format)) throw refuseKind(file, format)
}
