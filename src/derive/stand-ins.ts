import type { Directives } from '../core/directives.ts'
import { nameVariant } from '../core/formats.ts'
import { maxOutputPixels } from '../core/limits.ts'
import type { ResolvedOptions } from '../core/options.ts'
import { scaleOf } from '../core/params.ts'
import { isPlain } from './deriver.ts'
import type { Base, Deriver } from './deriver.ts'
import type { MeasuredImage, Size } from '../image/inspect.ts'
import type { Miss } from '../miss.ts'
import type { Shared } from '../shared.ts'
import { verifySource } from '../source-file.ts'
import type { Memo } from '../store/memo.ts'
import { computeVariantKey } from '../store/variants.ts'
import type { VariantMaker } from './variant-maker.ts'

/** A source, and the size of the result that something stands in for. */
export type ExaminedImage = MeasuredImage & { output: Size }

/** What is shipped in place of a result. It has keys of its own, and is never taken for one. */
export interface StandIns {
  /** @returns the source, as far as the directives leave it as it is: one file for each variant */
  makeOriginals(miss: Miss, image: ExaminedImage, signal: AbortSignal): Promise<string[]>
  /** @returns enlargements that are made here: one file for each variant */
  makePreviews(miss: Miss, image: ExaminedImage, signal: AbortSignal): Promise<string[]>
}

/** Stand-ins cost nothing but time. */
export function createStandIns(
  options: ResolvedOptions,
  memo: Memo,
  { previews }: NonNullable<Shared['cold']>,
  make: VariantMaker,
  deriver: Deriver,
): StandIns {
  /** What is kept under a source's hash is made of the bytes that have it. */
  const verify = ({ file, sourceHash }: Miss): void => verifySource(file, sourceHash, memo)

  /** A picture of the result's size. */
  const makePreview = async (
    miss: Miss,
    { bytes, width, height, output }: ExaminedImage,
    directives: Directives,
    signal: AbortSignal,
  ): Promise<string> => {
    const { file, sourceHash } = miss
    const { format } = directives
    const key = computeVariantKey(nameOrigin(sourceHash, output), directives)
    const limit = async <T>(work: () => Promise<T>): Promise<T> => previews(work)
    const source = { bytes, width, height }
    return make({ key, name: nameVariant(file, format), format, limit, signal }, async (tmp) => {
      const { renderPreview } = await import('../image/preview.ts')
      const written = await renderPreview({ file, ...source }, output, format, tmp)
      verify(miss)
      return { ...written, source }
    })
  }

  const derivePreview = async (
    miss: Miss,
    image: ExaminedImage,
    directives: Directives,
    signal: AbortSignal,
  ): Promise<string> => {
    if (isPlain(directives, directives.format)) {
      return makePreview(miss, image, directives, signal)
    }
    const { file, sourceHash } = miss
    const { bytes, width, height, output } = image
    const source = { bytes, width, height }
    const base = { origin: nameOrigin(sourceHash, output), source }
    // What is no larger than the source need not be made large first.
    const isSmall = await isWithin(directives, output, source)
    const from: Base = isSmall
      ? { ...base, file, format: '', size: source, verify: () => verify(miss) }
      : {
          ...base,
          file: await makePreview(miss, image, { format: 'png' }, signal),
          format: 'png',
          size: output,
        }
    return deriver.derive(file, from, hurry(directives), signal)
  }

  return {
    makeOriginals: async (miss, { bytes, width, height }, signal) => {
      const { file, sourceHash, request } = miss
      const { sniffFile } = await import('../image/sniff.ts')
      const source = { bytes, width, height }
      const origin = `original:${sourceHash}`
      const format = await sniffFile(file)
      const base = {
        origin,
        file,
        format,
        size: source,
        source,
        isSource: true,
        verify: () => verify(miss),
      }
      return Promise.all(
        request.variants.map(async (each) => deriver.derive(file, base, each, signal)),
      )
    },
    makePreviews: async (miss, image, signal) => {
      try {
        return await Promise.all(
          miss.request.variants.map(async (each) => derivePreview(miss, image, each, signal)),
        )
      } catch (error) {
        signal.throwIfAborted()
        // Says what is wrong with the picture, if it is the picture.
        const { inspectSource } = await import('../image/inspect.ts')
        await inspectSource(miss.file, scaleOf(miss.request.params), options)
        throw error
      }
    },
  }
}

function nameOrigin(sourceHash: string, { width, height }: Size): string {
  return `preview:${sourceHash}:${width}x${height}`
}

/** A page waits for it, and nobody keeps it. */
function hurry(directives: Directives): Directives {
  const { format } = directives
  return format === 'avif' || format === 'webp' ? { ...directives, effort: 'min' } : directives
}

/** Whether a variant of a result can as well be made of the source. */
async function isWithin(directives: Directives, output: Size, source: Size): Promise<boolean> {
  const isSized = directives.w !== undefined || directives.h !== undefined
  if (!isSized || source.width * source.height > maxOutputPixels) return false
  const { planVariant } = await import('../image/variants.ts')
  const { width, height } = await planVariant(output, directives)
  return width <= source.width && height <= source.height
}
