import { computeFingerprint } from './core/fingerprint.ts'
import { nameVariant } from './core/formats.ts'
import type { ResolvedOptions } from './core/options.ts'
import { parseRequest, plentyOfQueries } from './core/request.ts'
import type { Request } from './core/request.ts'
import type { Miss } from './miss.ts'
import type { Origin } from './report.ts'
import type { Shared } from './shared.ts'
import type { Reference, Shipment, Variant } from './shipment.ts'
import { hashSource } from './source-file.ts'
import { computeVariantKey } from './store/variants.ts'
import type { VariantStore } from './store/variants.ts'

/** What is known of a reference without waiting for anything. */
export type Look = {
  /** The variants' keys: what is shipped. */
  keys: readonly string[]
  fingerprint: string
} & ({ shipment: Shipment; miss?: never } | { shipment?: never; miss: Miss })

/** Reads references, and finds what is there of what they ask for. */
export interface Lookup {
  /** @throws MagnificError `BAD_QUERY`, `SOURCE_REFUSED` */
  parse(reference: Reference): Request
  /** @throws MagnificError as `parse`, and `SOURCE_MISSING` */
  look(reference: Reference): Look
  /** What is shipped, once the files are there. */
  ship(request: Request, files: readonly string[], fingerprint: string, from: Origin): Shipment
}

/** Warm builds need nothing but this. */
export function createLookup(
  options: ResolvedOptions,
  { memo, origins }: Shared,
  variants: VariantStore,
): Lookup {
  const requests = new Map<string, Request>()
  const marks = markOrigins(options)

  /** Read once for each query and extension: a project's images share a few. */
  const parse: Lookup['parse'] = ({ file, query }) => {
    const key = `${file.slice(file.lastIndexOf('.'))}?${query}`
    const known = requests.get(key)
    if (known) return known
    const request = parseRequest(file, query, options)
    if (requests.size === plentyOfQueries) requests.clear()
    requests.set(key, request)
    return request
  }

  const ship: Lookup['ship'] = (request, files, fingerprint, from) => {
    const { output, hostQuery } = request
    const shipped = request.variants.map((directives, index): Variant => {
      const file = files[index] ?? ''
      return { file, directives, readInfo: () => variants.readInfo(file) }
    })
    const origin = from === 'cached' ? (origins.get(fingerprint) ?? from) : from
    return { variants: shipped, from, origin, output, hostQuery }
  }

  return {
    parse,
    ship,
    look: (reference) => {
      const { file } = reference
      const request = parse(reference)
      const sourceHash = hashSource(file, memo)
      const fingerprint = computeFingerprint(options.service, sourceHash, request.params)
      const origin = fingerprint + marks
      const keys = request.variants.map((directives) => computeVariantKey(origin, directives))
      // What is more than a URL is told by the figures.
      const isUrl = ['url', 'lqip'].includes(request.output.kind) && keys.length === 1
      const files: string[] = []
      for (const [index, { format }] of request.variants.entries()) {
        const found = variants.find(keys[index] ?? '', nameVariant(file, format), !isUrl)
        if (found !== undefined) files.push(found)
      }
      return files.length === keys.length
        ? { keys, fingerprint, shipment: ship(request, files, fingerprint, 'cached') }
        : { keys, fingerprint, miss: { file, sourceHash, fingerprint, origin, request } }
    },
  }
}

/** What options say about variants, beside directives, is part of what they are made from. */
export function markOrigins({ alpha, keepMetadata }: ResolvedOptions): string {
  return `${alpha === 'join' ? '' : `+${alpha}`}${keepMetadata ? '+metadata' : ''}`
}
