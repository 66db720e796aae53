import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import type { ImportKind, OnResolveArgs, PluginBuild } from 'esbuild'
import { MagnificError, placeError } from '../../core/errors.ts'
import { nameVariant } from '../../core/formats.ts'
import { splitReference } from '../../core/request.ts'
import type { Request } from '../../core/request.ts'
import { checkSingle, isSingle } from '../../core/single-request.ts'
import { renderVariantQuery } from '../../core/variant-query.ts'
import type { Reference } from '../../shipment.ts'
import type { Upscaler } from '../../upscaler.ts'
import { externalError } from '../external.ts'
import { checkLoader } from './loaders.ts'
import { findMissing, missingError } from '../missing.ts'

/** The namespace of pictures. It shows in comments and in the metafile. */
export const pictures = 'magnific'
/** The namespace of modules that are made of several pictures, or tell more than a URL. */
export const modules = 'magnific-module'
/** Where what is imported may be a module. */
const scriptKinds: readonly ImportKind[] = ['import-statement', 'require-call', 'dynamic-import']

/**
 * Has esbuild resolve a reference without its query, so that aliases, paths of TypeScript and other plugins have their say.
 *
 * @throws MagnificError
 */
export async function findReference(
  args: OnResolveArgs,
  { resolve, initialOptions }: PluginBuild,
  references: ReadonlyMap<string, Reference>,
): Promise<Reference> {
  const { path: specifier, resolveDir, kind, namespace, pluginData } = args
  const { file, query } = splitReference(specifier)
  const importer =
    namespace === modules ? references.get(args.importer)?.importer : args.importer || undefined
  const refuse = (text: string): MagnificError =>
    new MagnificError('UNSUPPORTED_REFERENCE', text, { importer })
  if (kind === 'entry-point') {
    throw refuse(
      `"${specifier}" is an entry point, which has to be a script or a style sheet. Import the image in one.`,
    )
  }
  if (kind !== 'url-token' && !scriptKinds.includes(kind)) {
    throw refuse(
      `"${specifier}" stands where no image can (${kind}). Import it in a module, import url from './hero.png?magnific=4x', or write it in url().`,
    )
  }
  if (file.startsWith('data:')) {
    throw refuse(`"${specifier.slice(0, 40)}…" is no file. Import one.`)
  }
  const found = await resolve(file, {
    importer: args.importer,
    namespace,
    resolveDir,
    kind,
    pluginData,
    // Older versions know of no attributes.
    ...(Object.keys(args.with ?? {}).length > 0 && { with: args.with }),
  })
  if (found.errors.length > 0) {
    const missing = findMissing(urlToPath(file, kind), join(resolveDir, 'importer'))
    if (missing !== undefined) throw missingError(missing, importer)
    const texts = found.errors.flatMap(({ text, notes }) => [
      text,
      ...notes.map((each) => each.text),
    ])
    throw refuse(
      `${texts.map((text) => text.replace(/\.$/, '')).join('. ')}. Check the path, capitals included.`,
    )
  }
  if (found.external) {
    if (initialOptions.packages !== 'external' || /^\.{0,2}\//.test(file)) {
      throw externalError(specifier, importer)
    }
    throw refuse(
      `"${specifier}" is external, as every package is with \`packages: 'external'\`, and cannot be upscaled. Copy the image into the project, or list the packages in \`external\` one by one.`,
    )
  }
  if (found.namespace !== 'file') {
    throw refuse(
      `"${specifier}" is no file, but something that a plugin makes up (${found.namespace}). Import a file.`,
    )
  }
  // Capitals mean nothing to esbuild.
  if (!existsSync(found.path)) throw missingError(found.path, importer)
  return { file: found.path, query, importer }
}

/** In a style sheet, a path needs no dot to be relative. */
function urlToPath(file: string, kind: ImportKind): string {
  return kind === 'url-token' && !/^(?:\.{0,2}\/|[a-z]:)/i.test(file) ? `./${file}` : file
}

/**
 * What a reference is called in the build: after what ships, since esbuild names files by it, and without what the query says,
 * since it stands in comments.
 *
 * @throws MagnificError for a query that is refused, or wants what there is no room for
 */
export function nameModule(
  reference: Reference,
  { kind, namespace, with: attributes }: OnResolveArgs,
  upscaler: Upscaler,
  { initialOptions }: Pick<PluginBuild, 'initialOptions'>,
): { namespace: string; path: string } {
  const { file } = reference
  try {
    const request = upscaler.parse(reference)
    const { hostQuery, variants } = request
    if (kind === 'url-token') checkSingle(request)
    const names = variants.map(({ format }) => nameVariant(file, format))
    const isPart = !isSingle(request) || namespace === modules
    for (const name of names) {
      checkLoader({ file, name, hostQuery, attributes }, isPart, initialOptions)
    }
    const cwd = initialOptions.absWorkingDir ?? process.cwd()
    const folder = join(relative(cwd, dirname(file)), tagRequest(request, upscaler))
    const [name = ''] = names
    return isSingle(request)
      ? { namespace: pictures, path: toPath(folder, name) }
      : { namespace: modules, path: toPath(folder, basename(file)) }
  } catch (error) {
    throw placeError(error, reference)
  }
}

/** Tells requests for one image apart, the same wherever it is built. */
function tagRequest({ variants, ...request }: Request, { options }: Upscaler): string {
  const { kind, fields = [] } = request.output
  const said = variants.map((each) => renderVariantQuery({ variants, ...request }, each, options))
  return createHash('sha256')
    .update([kind, ...fields, '', ...said].join('\n'))
    .digest('hex')
    .slice(0, 12)
}

function toPath(folder: string, file: string): string {
  return join(folder, file).replaceAll('\\', '/')
}
