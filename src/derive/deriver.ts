import { copyFile, stat } from 'node:fs/promises'
import type { Directives } from '../core/directives.ts'
import { MagnificError } from '../core/errors.ts'
import { nameVariant, qualityOfFormat } from '../core/formats.ts'
import type { Format } from '../core/formats.ts'
import { fitsLimits } from '../core/limits.ts'
import type { ResolvedOptions } from '../core/options.ts'
import type { Request } from '../core/request.ts'
import type { Size } from '../image/inspect.ts'
import { copyTagged } from '../image/tag.ts'
import type { Shared } from '../shared.ts'
import { computeVariantKey } from '../store/variants.ts'
import type { VariantInfo } from '../store/variants.ts'
import type { VariantMaker, VariantWish } from './variant-maker.ts'

/** What variants are derived from. */
export interface Base {
  /** What identifies the pixels. */
  origin: string
  /** An absolute path. */
  file: string
  /** What the file holds. */
  format: string
  size: Size
  /** The source, as reports tell of it. */
  source: VariantInfo['source']
  /** Its hash, where it is known. */
  sha256?: string
  /** Whether it is the source itself, which is shipped as it is or not at all. */
  isSource?: boolean
  /** Throws where the file is not what `origin` says any more, and what was made of it is not to be kept. */
  verify?: () => void
}

/** What is done for all variants of an image. */
export interface Deriver {
  /**
   * Looks whether the variants can be made, and told apart, without making them: nothing is bought for one that cannot.
   *
   * @param size of what they are derived from
   * @param isTransparent whether something shines through the source
   * @throws MagnificError `BAD_QUERY`, `OUTPUT_TOO_LARGE`, `SOURCE_REFUSED`
   */
  check(
    request: Pick<Request, 'variants' | 'output'>,
    size: Size,
    isTransparent: () => Promise<boolean>,
  ): Promise<void>
  /** A result with the transparency of its source: a variant, from which the others are derived. */
  join(file: string, base: Base): Promise<Base>
  /**
   * Makes a variant, unless it is there.
   *
   * @param file the source, whose name it gets
   * @returns its path
   */
  derive(file: string, base: Base, directives: Directives, signal?: AbortSignal): Promise<string>
}

/** Work on small pictures is counted as if they had so many pixels: there are few threads. */
const fewestPixels = 6_000_000

/** Its encoder takes several times the memory of the others. */
const avifWeight = 1.5

/** Variants are made where there is room for them, by pixels. */
export function createDeriver(
  { keepMetadata }: Pick<ResolvedOptions, 'keepMetadata'>,
  { pictures, copies }: NonNullable<Shared['cold']>,
  make: VariantMaker,
): Deriver {
  const limitBy = ({ width, height }: Size, format: Format): VariantWish['limit'] => {
    const pixels = Math.max(width * height, fewestPixels)
    return async (work) => pictures(format === 'avif' ? pixels * avifWeight : pixels, work)
  }

  return {
    join: async (file, { origin, size, source, file: result, verify }) => {
      const directives: Directives = { format: 'png' }
      // Of what is shipped as it is, it is the variant itself.
      const key = computeVariantKey(keepMetadata ? `${origin}+joined` : origin, directives)
      const name = nameVariant(file, 'png')
      const wish = { key, name, format: directives.format, limit: limitBy(size, 'png') }
      const joined = await make(wish, async (tmp) => {
        const { joinAlpha } = await import('../image/alpha.ts')
        const written = await joinAlpha({ file }, result, tmp)
        verify?.()
        return { ...written, source }
      })
      return { origin, file: joined, format: 'png', size, source, ...(keepMetadata && { verify }) }
    },
    check: async ({ variants, output }, size, isTransparent) => {
      const descriptors = new Set<string>()
      for (const directives of variants) {
        const { format, flatten } = directives
        if (format === 'jpeg' && !flatten && (await isTransparent())) throw transparencyError()
        // As large as what it is derived from, it only has to fit into its format.
        const isSame = isPlain(directives, format)
        const isUsual = isSame && fitsLimits(size.width, size.height, 1, format)
        const { width, density } = isUsual
          ? { ...size, density: undefined }
          : await (await loadVariants()).planVariant(size, directives)
        const descriptor = density ?? `${width}w`
        const isChoice = ['srcset', 'img', 'picture'].includes(output.kind)
        if (isChoice && descriptors.has(format + descriptor)) throw choiceError(descriptor)
        descriptors.add(format + descriptor)
      }
    },
    derive: async (file, base, directives, signal) => {
      const { origin, format, size, source, sha256, isSource, verify } = base
      const key = computeVariantKey(origin, directives)
      const name = nameVariant(file, directives.format)
      const wish = { key, name, format: directives.format, signal }
      if (isPlain(directives, format) && !keepMetadata) {
        return make({ ...wish, limit: async (work) => copies(work) }, async (tmp) => {
          const copied = isSource ? await copy(base.file, tmp) : await copyTagged(base.file, tmp)
          verify?.()
          // The hash is another one where something was added.
          return { ...size, source, sha256, ...copied }
        })
      }
      return make({ ...wish, limit: limitBy(size, directives.format) }, async (tmp) => {
        const { renderVariant } = await loadVariants()
        const metadataFrom = keepMetadata ? file : undefined
        const written = await renderVariant(base.file, directives, tmp, metadataFrom)
        verify?.()
        return { ...written, source }
      })
    },
  }
}

/** Whether a file that holds a format is what the directives say, as it is. */
export function isPlain(directives: Directives, format: string): boolean {
  const { format: asked, quality, ...others } = directives
  const isUsual = quality === undefined || quality === usualQuality(asked)
  return asked === format && isUsual && Object.keys(others).length === 0
}

function usualQuality(format: Format): string | undefined {
  return format === 'png' ? undefined : String(qualityOfFormat[format])
}

async function loadVariants(): Promise<typeof import('../image/variants.ts')> {
  return import('../image/variants.ts')
}

function choiceError(descriptor: string): MagnificError {
  return new MagnificError(
    'BAD_QUERY',
    `Two variants would be ${descriptor} in the srcset, and a browser cannot choose between them. Leave one out.`,
  )
}

function transparencyError(): MagnificError {
  return new MagnificError(
    'SOURCE_REFUSED',
    'The image is transparent in places, which a JPEG cannot show. Write format=webp or format=png into the query, or say what shows through: flatten&background=white.',
  )
}

async function copy(file: string, target: string): Promise<{ bytes: number }> {
  await copyFile(file, target)
  return { bytes: (await stat(target)).size }
}
