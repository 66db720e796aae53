import { metadataFields } from '../core/outputs.ts'
import { parseRequest } from '../core/request.ts'
import type { Request, Vocabulary } from '../core/request.ts'

/** What a module of a reference exports. */
export interface ModuleType {
  /** The type of `unplugin-magnific/types` that `type` is made of, if it is made of one. */
  source?: string
  /** What the default export may be called. */
  name: string
  /** The type of the default export, as TypeScript. */
  type: string
  /** The fields of the default export that are exported by name as well. */
  fields: readonly string[]
}

/** A name for each format that a source's name may promise: what is shipped follows from it, where no `format` is said. */
export const anyName: readonly string[] = ['image.png', 'image.jpg', 'image.webp', 'image.avif']

/**
 * Tells what the modules of a query export.
 *
 * @param query without the question mark
 * @param files the images that it is used with, by name; where there are none, it may be any
 * @returns `undefined` for a query that is refused: a build says why
 */
export function describeModule(
  query: string,
  files: readonly string[],
  vocabulary: Vocabulary,
): ModuleType | undefined {
  const names = files.length > 0 ? files : anyName
  const requests = names.flatMap((name) => tryParse(name, query, vocabulary))
  const [first] = requests
  if (!first) return undefined
  const { output, variants } = first
  const isList = variants.length > 1
  switch (output.kind) {
    case 'url':
      return { name: isList ? 'urls' : 'url', type: list('string', variants.length), fields: [] }
    case 'srcset':
    case 'lqip':
      return { name: output.kind, type: 'string', fields: [] }
    case 'img': {
      const source = 'MagnificImg'
      const fields = ['src', 'w', 'h', ...(isList ? ['srcset'] : [])]
      const type = isList ? `Required<${source}>` : `Omit<${source}, 'srcset'>`
      return { source, name: 'image', type, fields }
    }
    case 'picture': {
      const source = 'MagnificPicture'
      const type = source + describeSources(requests)
      return { source, name: 'picture', type, fields: ['sources', 'img'] }
    }
    case 'metadata': {
      const fields = metadataFields.filter((field) => output.fields?.includes(field) ?? true)
      const source = 'MagnificMetadata'
      const isWhole = fields.length === metadataFields.length
      const union = fields.map((field) => `'${field}'`).join(' | ')
      const type = list(isWhole ? source : `Pick<${source}, ${union}>`, variants.length)
      return { source, name: 'metadata', type, fields: isList ? [] : fields }
    }
  }
}

function tryParse(file: string, query: string, vocabulary: Vocabulary): Request[] {
  try {
    return [parseRequest(file, query, vocabulary)]
  } catch {
    return []
  }
}

function list(type: string, count: number): string {
  return count === 1 ? type : `[${Array.from({ length: count }, () => type).join(', ')}]`
}

/** The argument of `MagnificPicture`, where every image has the same sources. */
function describeSources(requests: readonly Request[]): string {
  const [first, ...others] = requests.map(findSources)
  if (!first || others.some((other) => other.join() !== first.join())) return ''
  return `<{${first.length > 0 ? ` ${first.map((format) => `${format}: string`).join('; ')} ` : ''}}>`
}

/** As imagetools has it: the last format is that of the `<img>`, and needs a source where it has several pictures. */
function findSources({ variants }: Request): string[] {
  const formats = variants.map(({ format }) => format)
  const kinds = [...new Set(formats)]
  const isAlone = formats.filter((format) => format === kinds.at(-1)).length < 2
  return isAlone ? kinds.slice(0, -1) : kinds
}
