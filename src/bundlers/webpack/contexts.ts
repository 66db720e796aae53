import { MagnificError } from '../../core/errors.ts'
import { isReference, ownKeys } from '../../core/request.ts'

/** A query in the pattern of a context, as webpack and Rspack write it into the names of modules. */
const queryInPattern = new RegExp(
  String.raw`\|(/[^]*(?:\\|\[)(?:\?|%3F)\]?([^|]*?(?:${ownKeys.join('|')})[^|]*)/)`,
  'i',
)

/**
 * Refuses a query in the pattern of `require.context()`, or in the part of a request that is known only when it runs: what it
 * is held against are names of files.
 *
 * @param module of webpack or Rspack
 * @param importer who asks for it
 */
export function checkContext(
  module: { constructor: { name: string }; identifier(): string },
  importer: string | undefined,
  passthrough: readonly string[],
): MagnificError | undefined {
  if (module.constructor.name !== 'ContextModule') return undefined
  const [, pattern, query = ''] = queryInPattern.exec(module.identifier()) ?? []
  if (pattern === undefined || !isReference(query, passthrough)) return undefined
  const shown = pattern.replaceAll('%3F', '?')
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `The pattern ${shown} is held against names of files, which have no query, and no image would be upscaled for it. ` +
      "Import the images by their names, or write the query behind the folder, require.context('./img?magnific=4x', false, /\\.png$/).",
    { importer },
  )
}
