import { basename } from 'node:path'
import { splitReference } from '../core/request.ts'
import type { Mention } from './host-error.ts'

/**
 * Who refers to what. Vite and Rollup tell the importer while an id is resolved and not when it is loaded, and an error
 * that names no importer sends people searching.
 */
export interface Mentions {
  note(mention: Mention): void
  /** The first reference noted that may have led to an id. */
  find(id: string): Mention | undefined
}

/** An empty index. Aliases change folders, hosts add keys to queries; the file's name stays. */
export function createMentions(): Mentions {
  const byName = new Map<string, Mention[]>()
  const nameOf = (reference: string): string => basename(splitReference(reference).file)
  return {
    note: (mention) => {
      const name = nameOf(mention.specifier)
      const known = byName.get(name)
      if (known) known.push(mention)
      else byName.set(name, [mention])
    },
    find: (id) => {
      const candidates = byName.get(nameOf(id)) ?? []
      const { query } = splitReference(id)
      return (
        candidates.find(({ specifier }) => splitReference(specifier).query === query) ??
        candidates.find(({ specifier }) => splitReference(specifier).query.includes(query)) ??
        candidates[0]
      )
    },
  }
}
