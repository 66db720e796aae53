import { mentionsUs } from './script-texts.ts'

/** A picture that a function of a preprocessor reads by itself, without its query. */
export interface ReadPicture {
  specifier: string
  /** Why that is refused, and what to write instead. */
  refusal: string
}

/**
 * Finds references in functions of Less and Stylus that read a file by themselves.
 *
 * @param file tells the language, by its extension
 */
export async function findReadPictures(
  file: string,
  text: string,
  passthrough: readonly string[],
): Promise<ReadPicture[]> {
  if (!mentionsUs(text)) return []
  const { readSource } = await import('../scan/read-source.ts')
  const { references } = readSource(file, text, { passthrough, wantsImports: false })
  return references.flatMap(({ kind, specifier, refusal }) =>
    kind === 'css-url' && refusal !== undefined ? { specifier, refusal } : [],
  )
}
