import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Compilation, Module } from 'webpack'
import { MagnificError } from '../../core/errors.ts'
import { splitReference } from '../../core/request.ts'
import type { Upscaler } from '../../upscaler.ts'
import { findLeftCalls } from '../left-references.ts'
import { isOwnUrl } from '../redirect.ts'
import { textWarning } from '../text-warning.ts'
import { findCodeTexts, findTexts, isExample, toReference } from '../script-texts.ts'
import type { FoundText } from '../script-texts.ts'
import { decodePath } from '../vite/files.ts'
import { toPlainScript } from './plain-script.ts'

/** What is wrong with an emitted script, and the module that holds it, where one is found. */
export interface ScriptFinding {
  error: MagnificError
  module?: Module | undefined
  isWarning: boolean
}

/** What webpack and Rspack write above modules and beside imports, in whose names queries are. */
const ownComment = /^;?\/\/ .*|^ *!\*\*\* .*|\/\*! [^*\n]* \*\//gm
/** What webpack puts in place of `import.meta.url`, where it leaves the URL before it alone. */
const sourceBase =
  /(\bnew\s+URL\(\s*(?:\/\*[^*]*\*\/\s*)*("|'|`)[^"'`\n]*\2,\s*)(?:"file:[^"\n]*"|'file:[^'\n]*'|[\w$]+\.b\b)/g

/** Whether a script is worth a look: most are done with here. */
export function mayHoldReference(code: string): boolean {
  return code.includes('magnific')
}

/**
 * Looks into an emitted script for references that nobody took for one.
 *
 * @param file as it is emitted
 */
export async function checkScript(
  file: string,
  code: string,
  compilation: Compilation,
  upscaler: Upscaler,
): Promise<ScriptFinding[]> {
  const plain = toPlainScript(code)
  const ids = listIds(compilation)
  const isMeant = ({ text }: FoundText): boolean =>
    !ids.has(text) && isOwnUrl(toReference(text), { upscaler })
  // Names of modules are in comments, and are no references. To be sure what a comment is takes longer.
  if (!findTexts(plain.replaceAll(ownComment, '')).some(isMeant)) return []
  const calls = await findLeftCalls(
    file,
    plain.replaceAll(sourceBase, '$1import.meta.url'),
    upscaler,
  )
  const isCopied = createCopiedTest(compilation)
  const place = (found: FoundText): ScriptFinding => {
    const { text, isTemplate } = found
    const module = findHolder(text, compilation)
    const importer = module?.resource ?? file
    return !isTemplate && !isExample(found) && isCopied(splitReference(text).file)
      ? { error: copiedError(text, importer), module, isWarning: false }
      : { error: textWarning(text, importer), module, isWarning: true }
  }
  const texts = new Map(
    findCodeTexts(plain)
      .filter(isMeant)
      .filter(({ text }) => !calls.some(({ text: told }) => told.startsWith(`"${text}" `)))
      .map((each) => [each.text, each]),
  )
  return [...calls.map((error) => ({ error, isWarning: false })), ...[...texts.values()].map(place)]
}

/** Ids of modules are texts. */
function listIds({ modules, chunkGraph }: Compilation): Set<unknown> {
  const ids = new Set<unknown>()
  for (const module of modules) {
    const id = chunkGraph.getModuleId(module)
    if (typeof id === 'string' && id.includes('?')) ids.add(id)
  }
  return ids
}

/** Says of a URL's path whether what it leads to is the original for sure: a copy, and no module. */
function createCopiedTest(compilation: Compilation): (path: string) => boolean {
  const { path: output, publicPath: base } = compilation.outputOptions
  const read = (...names: string[]): Buffer | undefined => {
    try {
      return readFileSync(join(...names))
    } catch {
      return undefined
    }
  }
  return (path) => {
    const isBelow = typeof base === 'string' && base !== '' && path.startsWith(base)
    const name = (isBelow ? path.slice(base.length) : path).replace(/^(?:\.{0,2}\/)+/, '')
    const file = decodePath(name) ?? name
    if (compilation.getAsset(file)?.info['copied'] === true) return true
    // Rsbuild copies by itself.
    const original = read(compilation.compiler.context, 'public', file)
    const copy = original && read(output, file)
    return copy !== undefined && original?.equals(copy) === true
  }
}

/** The module of a file that a text stands in. */
function findHolder(
  text: string,
  { modules }: Compilation,
): (Module & { resource: string }) | undefined {
  const inner = [...modules].flatMap((module) =>
    'modules' in module ? [...(module.modules as Iterable<Module>)] : [module],
  )
  return inner.find(
    (module): module is Module & { resource: string } =>
      'resource' in module &&
      typeof module.resource === 'string' &&
      String(module.originalSource()?.source() ?? '').includes(text),
  )
}

function copiedError(url: string, importer: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${url}" leads to a file that is copied as it is. Move the image next to your sources, import it, import url from './hero.png?${splitReference(url).query}', and use that.`,
    { importer },
  )
}
