import type { Reference } from '../../../shipment.ts'

/**
 * Who refers to which image, as real modules, style sheets and pages have it. A request alone never gets in here: so what
 * is in here may be paid for, and what is wrong with it is worth an overlay.
 */
export interface KnownReferences {
  add(reference: Reference): void
  /** Whether an image is referred to with a query; their spelling and their order do not matter, nor do the host's keys. */
  has(reference: Reference): boolean
  hasFile(file: string): boolean
  /** A file's picture is another one from now on. @param timestamp ms since 1970 */
  touch(file: string, timestamp: number): void
  /** When a file was touched last; `undefined` where it is as it was when the server started. */
  touchedAt(file: string): number | undefined
  /** @param time ms since 1970 */
  touchedSince(time: number): string[]
  /** A file that is referred to is not there: somebody was shown an error. */
  markMissing(file: string): void
  /** Whether a file was marked; it is not any more. */
  takeMissing(file: string): boolean
  /** Who refers to a file, as absolute paths. */
  importersOf(file: string): readonly string[]
}

/** Nothing is known yet. */
export function createKnownReferences(): KnownReferences {
  const missing = new Set<string>()
  const touched = new Map<string, number>()
  const files = new Map<string, { queries: Set<string>; importers: Set<string> }>()
  return {
    add: ({ file, query, importer }) => {
      let known = files.get(file)
      if (!known) files.set(file, (known = { queries: new Set(), importers: new Set() }))
      known.queries.add(normalizeQuery(query))
      if (importer !== undefined) known.importers.add(importer)
    },
    has: ({ file, query }) => files.get(file)?.queries.has(normalizeQuery(query)) ?? false,
    hasFile: (file) => files.has(file),
    touch: (file, timestamp) => void touched.set(file, timestamp),
    touchedAt: (file) => touched.get(file),
    touchedSince: (time) => [...touched].flatMap(([file, at]) => (at >= time ? [file] : [])),
    markMissing: (file) => {
      if (files.has(file)) missing.add(file)
    },
    takeMissing: (file) => missing.delete(file),
    importersOf: (file) => [...(files.get(file)?.importers ?? [])],
  }
}

/** Keys that say how an image is loaded, and not which one. */
const hostKeys = new Set(['import', 't', 'v', 'url', 'inline', 'no-inline'])

function normalizeQuery(query: string): string {
  const pairs = [...new URLSearchParams(query)].filter(([key]) => !hostKeys.has(key))
  return JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))))
}
