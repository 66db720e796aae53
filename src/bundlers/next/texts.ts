import { extname, join } from 'node:path'
import { MagnificError } from '../../core/errors.ts'
import { isReference, splitReference } from '../../core/request.ts'
import { findTexts, toReference } from '../script-texts.ts'
import { findFile } from '../vite/files.ts'
import { findScriptTexts } from '../vite/output-scan.ts'
import { mention } from './turbopack-rules.ts'
import type { TextsLoaderOptions } from './turbopack-rules.ts'

/** What stands for an expression in a template. */
const expression = '${…}'

/**
 * Finds texts of a source that look like references, and are none: nobody resolves them.
 *
 * @param file an absolute path
 * @returns a warning for each that may be meant for people
 * @throws MagnificError `UNSUPPORTED_REFERENCE` for one that leads to a file in `public`, which is shipped as it is
 */
export async function readTexts(
  file: string,
  source: string,
  { root, basePath, passthrough }: TextsLoaderOptions & { root: string },
): Promise<MagnificError[]> {
  if (!mention.test(source)) return []
  const literals = await listLiterals(file, source)
  if (literals.length === 0) return []
  const { readSource } = await import('../../scan/read-source.ts')
  const settings = { passthrough, wantsImports: false, checksSyntax: false }
  const { references } = readSource(file, source, settings)
  const resolved = new Set(references.map(({ specifier }) => specifier))
  const warnings: MagnificError[] = []
  for (const text of new Set(literals)) {
    const { file: path, query } = splitReference(toReference(text))
    if (resolved.has(text.replaceAll(expression, '*')) || !isReference(query, passthrough)) continue
    const below =
      basePath !== '' && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path
    const place = join(root, 'public', below)
    if (path.startsWith('/') && findFile(place) !== undefined) {
      throw new MagnificError(
        'UNSUPPORTED_REFERENCE',
        `"${text}" is in public, whose files are shipped as they are. Move the image next to your sources, import it, import hero from './hero.png?${query}', and use that.`,
        { file: place, importer: file },
      )
    }
    warnings.push(
      new MagnificError(
        'UNSUPPORTED_REFERENCE',
        `"${text}" is a text, and no image is upscaled for it. If it is to be a picture's URL, import the image, import hero from './hero.png?magnific=4x', and use hero or hero.src.`,
        { importer: file },
      ),
    )
  }
  return warnings
}

/** Texts that a source holds as values: those in comments are for people. */
async function listLiterals(file: string, source: string): Promise<string[]> {
  const extension = extname(file).slice(1)
  if (extension.startsWith('md')) return findTexts(source).map(({ text }) => text)
  const { loadModule } = await import('../../scan/load-module.ts')
  const lang = /^[cm]?ts$/.test(extension) ? 'ts' : extension === 'tsx' ? 'tsx' : 'jsx'
  const found: string[] = []
  // What does not parse is told by Next.
  const { program } = loadModule.oxc().parseSync(`source.${lang}`, source, { lang })
  // Not by calls of itself: a tree may be deeper than the stack.
  const left: unknown[] = [program]
  while (left.length > 0) {
    const node = left.pop()
    if (typeof node !== 'object' || node === null) continue
    const text = textOf(node)
    if (text !== undefined) found.push(...findScriptTexts(JSON.stringify(text)))
    for (const child of Object.values(node).toReversed()) left.push(child)
  }
  return found
}

/** The value of a literal; of a template, with a sign for each expression in it. */
function textOf(node: object): string | undefined {
  if (!('type' in node)) return undefined
  const { type, value, quasis } = node as {
    type: unknown
    value?: unknown
    quasis?: readonly { value: { cooked?: string | null } }[]
  }
  if (type === 'Literal' && typeof value === 'string') return value
  if (type !== 'TemplateLiteral') return undefined
  return quasis?.map(({ value: { cooked } }) => cooked ?? '').join(expression)
}
