import { suggest } from './nearest.ts'

/** What a module of a reference exports, as imagetools has it; `lqip` is a tiny placeholder as a data URI. */
export const outputKinds = ['url', 'srcset', 'picture', 'img', 'metadata', 'lqip'] as const

/** What a module of a reference exports. */
export type OutputKind = (typeof outputKinds)[number]

/** What `as=metadata` tells of each variant. */
export const metadataFields = ['src', 'width', 'height', 'format', 'from'] as const

/** One of the things that `as=metadata` tells. */
export type MetadataField = (typeof metadataFields)[number]

/** What a module of a reference exports. */
export interface Output {
  readonly kind: OutputKind
  /** For `metadata`: which fields, where not all of them are wanted. */
  readonly fields?: readonly MetadataField[]
}

/** Where nothing is said. */
export const urlOutput: Output = { kind: 'url' }

/**
 * Reads the value of `as`: `srcset`, `metadata`, `metadata:width;height`, …
 *
 * @returns the output, or what is wrong as a sentence
 */
export function readOutput(
  text: string,
): { output: Output; problem?: never } | { output?: never; problem: string } {
  const colon = text.indexOf(':')
  const name = colon === -1 ? text : text.slice(0, colon)
  // imagetools knows it by both names.
  const kind = outputKinds.find((each) => each === (name === 'meta' ? 'metadata' : name))
  if (!kind) {
    return {
      problem: `\`as\` must be one of ${outputKinds.join(', ')}, got "${text}".${suggest(name, outputKinds)}`,
    }
  }
  if (colon === -1) return { output: { kind } }
  if (kind !== 'metadata') return { problem: `Only \`as=metadata\` takes fields, got "${text}".` }
  const fields = text.slice(colon + 1).split(';')
  const unknown = fields.find((field) => !(metadataFields as readonly string[]).includes(field))
  if (unknown === undefined) return { output: { kind, fields: fields as MetadataField[] } }
  return {
    problem: `\`as=metadata\` knows the fields ${metadataFields.join(', ')}, got "${unknown}".${suggest(unknown, metadataFields)}`,
  }
}

/** `metadata:width;height`, as it stands in a query. */
export function formatOutput({ kind, fields }: Output): string {
  return fields ? `${kind}:${fields.join(';')}` : kind
}
