import { builtinOutputFormats } from 'imagetools-core'
import type { ImageMetadata } from 'imagetools-core'
import { metadataFields } from '../core/outputs.ts'
import type { Output } from '../core/outputs.ts'

/** What is told of a variant. */
export interface OutputImage {
  /** Its URL, or whatever stands for it. */
  src: string
  /** pixels */
  width: number
  height: number
  format: string
  /** How its result came to be here: `paid`, `cached`, `preview`, … */
  from: string
  /** What a srcset says of it in place of its width: `2x`. */
  density?: string | undefined
}

/** Makes of variants what `as` asks for, as imagetools does: a text, an object, or a list. */
export function formatOutput({ kind, fields }: Output, images: readonly OutputImage[]): unknown {
  const metadatas = images.map(
    ({ density, ...image }) =>
      ({ ...image, pixelDensityDescriptor: density }) as unknown as ImageMetadata,
  )
  // A placeholder is nothing but a URL that holds its picture.
  const name = kind === 'lqip' ? 'url' : kind
  const format = builtinOutputFormats[name] as (
    whitelist?: string[],
  ) => (metadatas: ImageMetadata[]) => unknown
  return format(kind === 'metadata' ? [...(fields ?? metadataFields)] : undefined)(metadatas)
}
