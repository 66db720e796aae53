import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Compiler } from 'webpack'
import { MagnificError } from '../../core/errors.ts'
import { isReference, splitReference } from '../../core/request.ts'

/** Sources in the language of a preprocessor that reads files by itself, and components that may have styles in it. */
const preprocessed = /\.(?:less|styl|stylus|vue)$/
const styleBlock = /<style\b[^>]*\blang=["']?(less|stylus|styl)\b[^>]*>(.*?)<\/style/gs
const readingCall = /^(?:data-uri|embedurl|image-size|image-width|image-height)$/

/** A picture that is handed to a function which reads it. */
interface ReadPicture {
  specifier: string
  /** Of the function. */
  name: string
}

/**
 * Refuses references in functions of Less and Stylus that read a file by themselves, without its query. Partials come to no
 * loader: it is looked for in all files that were read.
 */
export function refuseReadPictures(
  compiler: Compiler,
  name: string,
  passthrough: readonly string[],
): void {
  /** By file, until it changes. */
  const known = new Map<string, readonly ReadPicture[]>()
  compiler.hooks.afterCompile.tapPromise(name, async (compilation) => {
    if (compilation.compiler.isChild()) return
    for (const file of compiler.modifiedFiles ?? []) known.delete(file)
    const files = [...compilation.fileDependencies].filter((file) => preprocessed.test(file))
    for (const file of files) {
      const pictures = known.get(file) ?? (await findReadPictures(file, passthrough))
      known.set(file, pictures)
      for (const picture of pictures) {
        const { message } = readError(picture, file)
        compilation.errors.push(Object.assign(new Error(message), { hideStack: true }))
      }
    }
  })
}

async function findReadPictures(
  file: string,
  passthrough: readonly string[],
): Promise<ReadPicture[]> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0))
  if (!bytes.includes('magnific')) return []
  const { blankLineComments } = await import('../../scan/preprocessors.ts')
  const { readTokens } = await import('../../scan/style-tokens.ts')
  const found: ReadPicture[] = []
  for (const [lang, text] of listStyles(file, bytes.toString('utf8'))) {
    /** The functions and parentheses that are open. */
    const open: string[] = []
    for (const { kind, value } of readTokens(blankLineComments(text, lang))) {
      if (kind === 'function') open.push(value)
      else if (value === ')') open.pop()
      else if (kind === 'sign' && value !== '\n') open.length = 0
      const name = open.at(-1) ?? ''
      if (kind !== 'text' || !readingCall.test(name)) continue
      if (isReference(splitReference(value).query, passthrough)) {
        found.push({ specifier: value, name })
      }
    }
  }
  return found
}

function listStyles(file: string, text: string): [lang: string, text: string][] {
  if (!file.endsWith('.vue')) return [[extname(file).slice(1), text]]
  return [...text.matchAll(styleBlock)].map(([, lang = '', style = '']) => [lang, style])
}

function readError({ specifier, name }: ReadPicture, importer: string): MagnificError {
  const { file } = splitReference(specifier)
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    name.startsWith('image-')
      ? `"${specifier}" stands in ${name}(), which measures the original. Leave the query out, ${name}('${file}'), and multiply what it gives.`
      : `"${specifier}" stands in ${name}(), which reads the file without its query, and the original would be shipped. Write url('${specifier}&inline').`,
    { importer },
  )
}
