import { MagnificError } from './core/errors.ts'
import type { Directives } from './core/directives.ts'
import type { Output } from './core/outputs.ts'
import type { PlannedImage } from './image/variants.ts'
import type { Origin } from './report.ts'
import type { VariantInfo } from './store/variants.ts'

/** An image as a module refers to it. */
export interface Reference {
  /** The source, an absolute path. */
  file: string
  /** Without the question mark. */
  query: string
  /** The module that refers to it, where the host tells. */
  importer?: string | undefined
}

/** A picture that is shipped. */
export interface Variant {
  /** An absolute path. */
  file: string
  directives: Directives
  /** Reads its figures from the disk; `undefined` where they are lost. */
  readInfo: () => VariantInfo | undefined
}

/** What can be told of a variant before it is made. */
export interface PlannedVariant extends PlannedImage {
  directives: Directives
  from: Origin
}

/** What is shipped for a reference. */
export interface Shipment {
  /** One for each variant of the request, in order. */
  variants: readonly Variant[]
  from: Origin
  /** How its result came to be here, as every build of this process says it. */
  origin: Origin
  /** What a host makes of the variants' URLs. */
  output: Output
  /** What the host has still to see of the query: see `Request`. */
  hostQuery: string
}

/**
 * The same of one that is made.
 *
 * @throws MagnificError `CACHE_FAILED` where its figures are lost
 */
export function describeVariant({ directives, readInfo }: Variant, from: Origin): PlannedVariant {
  const info = readInfo()
  if (!info) {
    throw new MagnificError(
      'CACHE_FAILED',
      'What is known of a variant was lost while the build ran. Build again: it is made anew, for free.',
    )
  }
  const { width, height, density } = info
  return { width, height, density, directives, from }
}
