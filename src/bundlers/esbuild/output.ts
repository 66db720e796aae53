import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { BuildOptions, BuildResult, Metafile, PartialMessage } from 'esbuild'
import { MagnificError } from '../../core/errors.ts'
import { isReference, splitReference } from '../../core/request.ts'
import { mayRefer } from '../../scan/may-refer.ts'
import { toLocatedMessage } from './messages.ts'
import { externalError } from '../external.ts'
import { findCodeTexts, findTexts, toReference } from '../script-texts.ts'
import { textWarning } from '../text-warning.ts'
import { isElsewhere } from '../redirect.ts'
import { createEmittedTest, findScriptUrls, findSvgUrls } from '../vite/output-scan.ts'

/** What the net needs to know of a build. */
export interface NetContext {
  build: BuildOptions
  /** What esbuild tells paths from. */
  cwd: string
  passthrough: readonly string[]
  /** The namespaces that references lead to. */
  namespaces: readonly string[]
  /** Whether another plugin has loaded what a reference leads to there. */
  isTaken: (path: string) => boolean
}

/** What is wrong with what was built. */
export interface NetResult {
  errors: PartialMessage[]
  warnings: PartialMessage[]
}

type Kind = 'js' | 'css' | 'html' | 'svg' | 'data'

/** A leftover of what plugins were not asked about. */
interface Leftover {
  reference: string
  /** What holds it: an absolute path. */
  importer: string
}

/** In a format that has no `import.meta`, or where it is defined as something else, the second argument is another one. */
const otherBase = /(\bnew\s+URL\(\s*("|'|`)[^"'`\n]*\2,\s*)(?:[\w$.]+|"[^"\n]*"|'[^'\n]*')/g

/**
 * The last net: a reference that nobody asked us about is left as it is, or was resolved by somebody who knows nothing of the
 * query, and what it leads to is the original, or nothing.
 */
export async function checkOutputs(
  { metafile, outputFiles = [] }: BuildResult,
  context: NetContext,
): Promise<NetResult> {
  if (!metafile) return { errors: [], warnings: [] }
  const { build, cwd } = context
  const errors = findStrays(metafile, context)
  const warnings: PartialMessage[] = []
  const isEmitted = createEmittedTest(Object.keys(metafile.outputs))
  const kinds = listKinds(build)
  for (const [name, { inputs, imports }] of Object.entries(metafile.outputs)) {
    const kind = kinds.find(([extension]) => name.endsWith(extension))?.[1]
    if (!kind) continue
    const path = resolve(cwd, name)
    const text =
      outputFiles.find((file) => file.path === path)?.text ??
      // What goes to the terminal is in no file.
      (await readFile(path, 'utf8').catch(() => ''))
    if (!mayRefer(text)) continue
    const locate = async (reference: string): Promise<Leftover> => ({
      reference,
      importer: (await findHolder(reference, Object.keys(inputs), cwd)) ?? path,
    })
    const refused = new Set(await findReferences(text, kind, context))
    if (kind === 'js') for (const url of findScriptUrls(text, isEmitted)) refused.add(url)
    for (const reference of refused) {
      const { importer } = await locate(reference)
      const isExternal =
        build.bundle === true && imports.some((each) => each.external && each.path === reference)
      const error = isExternal
        ? externalError(reference, importer)
        : leftoverError(reference, importer, build)
      errors.push(toLocatedMessage(error, reference, cwd))
    }
    if (kind !== 'js' && kind !== 'data') continue
    const isOurs = (url: string): boolean =>
      isReference(splitReference(toReference(url)).query, context.passthrough)
    const found = kind === 'js' ? findCodeTexts(text) : findTexts(text)
    const texts = new Set(found.map((each) => each.text).filter(isOurs))
    for (const reference of [...texts].filter((each) => !refused.has(each))) {
      const { importer } = await locate(reference)
      warnings.push(toLocatedMessage(textWarning(reference, importer), reference, cwd))
    }
  }
  return { errors, warnings }
}

/** By the extensions that a build gives them; those of maps end otherwise. */
function listKinds({ outExtension = {} }: BuildOptions): [extension: string, kind: Kind][] {
  const { '.js': js = '.js', '.css': css = '.css' } = outExtension
  return [
    [js, 'js'],
    [css, 'css'],
    ['.js', 'js'],
    ['.mjs', 'js'],
    ['.cjs', 'js'],
    ['.css', 'css'],
    // Copied as they are.
    ['.html', 'html'],
    ['.htm', 'html'],
    ['.svg', 'svg'],
    ['.webmanifest', 'data'],
  ]
}

/**
 * Imports with a query of ours that led elsewhere. Of external ones the outputs tell: TypeScript drops what nobody uses, which
 * is listed all the same.
 */
function findStrays(
  { inputs }: Metafile,
  { cwd, passthrough, namespaces, isTaken }: NetContext,
): PartialMessage[] {
  const strays: PartialMessage[] = []
  for (const [name, { imports }] of Object.entries(inputs)) {
    for (const { path, original = path, external = false, kind } of imports) {
      const own = namespaces.find((namespace) => path.startsWith(`${namespace}:`))
      if (own !== undefined && !isTaken(path.slice(own.length + 1))) continue
      if (!isReference(splitReference(original).query, passthrough)) continue
      // What another server has is none of ours.
      if (kind === 'url-token' && isElsewhere(original)) continue
      const importer = resolve(cwd, name)
      const isPattern = original.includes('*')
      if (external && !isPattern) continue
      const error = isPattern ? patternError(original, importer) : strayError(original, importer)
      strays.push(toLocatedMessage(error, original, cwd))
    }
  }
  return strays
}

/** References of an output, as whoever runs it would take them. */
async function findReferences(
  text: string,
  kind: Kind,
  { passthrough }: NetContext,
): Promise<string[]> {
  if (kind === 'data') return []
  if (kind === 'svg') {
    const urls = await findSvgUrls(text)
    return urls.filter(
      (url) => !isElsewhere(url) && isReference(splitReference(url).query, passthrough),
    )
  }
  const { readSource } = await import('../../scan/read-source.ts')
  const plain = kind === 'js' ? text.replaceAll(otherBase, '$1import.meta.url') : text
  const { references } = readSource(`output.${kind}`, plain, {
    passthrough,
    wantsImports: false,
    checksSyntax: false,
  })
  return references.map(({ specifier }) => specifier)
}

/** The input that a text stands in. */
async function findHolder(
  text: string,
  inputs: readonly string[],
  cwd: string,
): Promise<string | undefined> {
  for (const input of inputs) {
    const path = resolve(cwd, input)
    const source = await readFile(path, 'utf8').catch(() => '')
    if (source.includes(text)) return path
  }
  return undefined
}

function strayError(reference: string, importer: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${reference}" was taken by another plugin, which knows nothing of its query, and the original would be shipped. Put unplugin-magnific before it in \`plugins\`.`,
    { importer },
  )
}

function patternError(reference: string, importer: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${reference}" is a pattern, and esbuild asks no plugin about the images that it fits. Import them by their names.`,
    { importer },
  )
}

function leftoverError(reference: string, importer: string, build: BuildOptions): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${reference}" is left as it is by esbuild, which asks no plugin here, and the image would not be upscaled. ${wayOut(importer, build)}`,
    { importer },
  )
}

function wayOut(importer: string, { bundle = false }: BuildOptions): string {
  if (!bundle) return 'It resolves nothing unless it bundles: set `bundle: true`.'
  if (/\.html?$/.test(importer)) {
    return 'It copies pages, and reads nothing in them. Set the image from a script that imports it, or in a style sheet.'
  }
  if (importer.endsWith('.svg')) {
    return 'It reads no SVG. Write it into a component, and import the image there.'
  }
  return importer.endsWith('css')
    ? 'In image-set(), write url() around it, image-set(url("./hero.png?magnific=4x") 2x); a style sheet that is copied has to be bundled.'
    : "Import the image in a module, import url from './hero.png?magnific=4x', and write new URL(url, import.meta.url) where you want a URL object."
}
