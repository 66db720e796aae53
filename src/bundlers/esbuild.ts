import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type {
  ImportKind,
  OnLoadArgs,
  OnLoadResult,
  OnResolveArgs,
  PartialMessage,
  Plugin,
  PluginBuild,
} from 'esbuild'
import { MagnificError, placeError } from '../core/errors.ts'
import { nameVariant } from '../core/formats.ts'
import type { Options, ResolvedOptions } from '../core/options.ts'
import { idFilters, isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { Request } from '../core/request.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import { checkSingle, isSingle } from '../core/single-request.ts'
import { renderVariantQuery } from '../core/variant-query.ts'
import type { Reference, Shipment } from '../shipment.ts'
import { findProjectRoot } from '../store/layout.ts'
import { createUpscaler } from '../upscaler.ts'
import type { Upscaler } from '../upscaler.ts'
import { chooseLoader } from './esbuild-loaders.ts'
import { toMessage } from './esbuild-messages.ts'
import { checkOutputs } from './esbuild-output.ts'
import { createEsbuildSources, listOutputs } from './esbuild-sources.ts'
import { externalError } from './external.ts'
import { isKeyMissing } from './host-error.ts'
import { findMissing, missingError } from './missing.ts'
import { renderShipment } from './module-code.ts'
import { startTypes } from './types.ts'
import type { TypesRun } from './types.ts'
import { isElsewhere } from './vite/session.ts'

const name = 'unplugin-magnific'
/** The namespace of a picture, and of a module that is made of several. They show in comments and in the metafile. */
const pictures = 'magnific'
const modules = 'magnific-module'
/** For esbuild, which runs it in Go. */
const filter = new RegExp(idFilters.map(({ source }) => source).join('|'), 'is')
/** Where what is imported may be a module. */
const scriptKinds: readonly ImportKind[] = ['import-statement', 'require-call', 'dynamic-import']
/** What people call a script with when it is to go on running. */
const watchWord = /^(?:-w|(?:--)?(?:watch|serve|dev))$/
const logger = { info: writeLine, warn: writeLine }

/**
 * The plugin for esbuild. References become modules of namespaces of ours, which are loaded when their pictures are there: what
 * is waited for while a path is resolved holds up the importer's other imports.
 *
 * @throws MagnificError `BAD_OPTIONS` when a build or a context begins
 */
export function createEsbuildPlugin(userOptions: Options = {}): Plugin {
  // One plugin may stand in the options of several builds.
  return { name, setup: (build) => setUp(build, userOptions) }
}

function setUp(build: PluginBuild, userOptions: Options): void {
  const { initialOptions } = build
  const cwd = initialOptions.absWorkingDir ?? process.cwd()
  let runs = 0
  const open = (): Upscaler => {
    const options = resolveOptions(userOptions, {
      root: findProjectRoot(cwd),
      command: findCommand(runs),
      env: process.env,
    })
    return createUpscaler(options, logger, createEsbuildSources(build, options, cwd))
  }

  let upscaler = open()
  let types: TypesRun | undefined
  /** What modules of ours stand for, by their paths. */
  const references = new Map<string, Reference>()
  /** What other errors tell of already. */
  let repeated: PartialMessage[] = []
  let isKeyToldMissing = false

  const isOurs = (path: string): boolean =>
    referenceFilter.test(path) &&
    isReference(splitReference(path).query, upscaler.options.passthrough)

  /** The build fails anyway: what comes up with each image is told once. */
  const refuse = (error: unknown, reference: Reference): OnLoadResult => {
    const isRepeated = isKeyMissing(error) && isKeyToldMissing
    isKeyToldMissing ||= isKeyMissing(error)
    const watchFiles = [reference.file]
    if (!isRepeated && !(error instanceof MagnificError && error.isListed)) {
      return { errors: [toMessage(error)], watchFiles }
    }
    repeated.push(toMessage(error))
    return { contents: '', loader: 'dataurl', watchFiles }
  }

  const load = async (
    { path }: OnLoadArgs,
    render: (shipment: Shipment, reference: Reference) => Promise<OnLoadResult>,
  ): Promise<OnLoadResult | undefined> => {
    const reference = references.get(path)
    if (!reference) return undefined
    try {
      const shipment = upscaler.find(reference) ?? (await upscaler.upscale(reference))
      return { ...(await render(shipment, reference)), watchFiles: [reference.file] }
    } catch (error) {
      return refuse(placeError(error, reference), reference)
    }
  }

  // Tells what each import came to.
  initialOptions.metafile = true

  build.onStart(() => {
    runs++
    if (upscaler.options.command !== findCommand(runs)) upscaler = open()
    references.clear()
    repeated = []
    isKeyToldMissing = false
    upscaler.begin()
    upscaler.prefetch()
    types = startTypes(upscaler.options, logger, listOutputs(initialOptions, cwd))
  })

  build.onResolve({ filter }, async (args) => {
    if (!isOurs(args.path) || (args.kind === 'url-token' && isElsewhere(args.path))) return undefined
    try {
      const reference = await findReference(args, build, references)
      const { namespace, path } = nameModule(reference, args.kind, upscaler, cwd)
      references.set(path, reference)
      return { namespace, path, watchFiles: [reference.file] }
    } catch (error) {
      return { errors: [toMessage(error)], watchDirs: [args.resolveDir].filter(Boolean) }
    }
  })

  build.onLoad({ filter: /^/, namespace: pictures }, async (args) =>
    load(args, async ({ variants, hostQuery }, { file }) => {
      const picture = { file, name: args.path, hostQuery, attributes: args.with }
      const loader = chooseLoader(picture, initialOptions.loader)
      return { contents: await readFile(variants[0]?.file ?? ''), loader }
    }),
  )

  build.onLoad({ filter: /^/, namespace: modules }, async (args) =>
    load(args, async (shipment, reference) => {
      const request = upscaler.parse(reference)
      // Each one is a picture of its own.
      const contents = await renderShipment(
        shipment,
        ({ directives }) =>
          `./${basename(reference.file)}?${renderVariantQuery(request, directives, upscaler.options)}`,
      )
      return { contents, loader: 'js', resolveDir: dirname(reference.file) }
    }),
  )

  build.onEnd(async (result) => {
    const hasFailed = result.errors.length > 0
    const { passthrough } = upscaler.options
    const net = hasFailed
      ? { errors: [], warnings: [] }
      : await checkOutputs(result, {
          build: initialOptions,
          cwd,
          passthrough,
          namespaces: [pictures, modules],
        })
    if (!hasFailed) net.errors.push(...repeated)
    const isBroken = hasFailed || net.errors.length > 0
    if (isBroken) await upscaler.abort()
    upscaler.end()
    await types?.finish(isBroken ? [] : listIds(references))
    return net
  })

  build.onDispose(() => void upscaler.abort())
}

/**
 * esbuild tells no plugin whether it watches or serves. That a context builds again is a sign of it, and so is what the script
 * was called with.
 *
 * @param runs builds of this context so far, the one that begins included
 */
function findCommand(runs: number): ResolvedOptions['command'] {
  const words = [...process.argv.slice(2), process.env['npm_lifecycle_event'] ?? '']
  return runs > 1 || words.some((word) => watchWord.test(word)) ? 'serve' : 'build'
}

/**
 * Has esbuild resolve a reference without its query, so that aliases, paths of TypeScript and other plugins have their say.
 *
 * @throws MagnificError
 */
async function findReference(
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
    throw refuse(`${found.errors.map(({ text }) => text).join(' ')}. Check the path, capitals included.`)
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
 * @throws MagnificError for a query that is refused, or wants more than there is room for
 */
function nameModule(
  reference: Reference,
  kind: ImportKind,
  upscaler: Upscaler,
  cwd: string,
): { namespace: string; path: string } {
  const { file } = reference
  try {
    const request = upscaler.parse(reference)
    if (kind === 'url-token') checkSingle(request)
    const folder = join(relative(cwd, dirname(file)), tagRequest(request, upscaler))
    const [variant] = request.variants
    return isSingle(request) && variant
      ? { namespace: pictures, path: toPath(folder, nameVariant(file, variant.format)) }
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

function* listIds(references: ReadonlyMap<string, Reference>): Generator<string> {
  for (const { file, query } of references.values()) yield `${file}?${query}`
}

function writeLine(message: string): void {
  process.stderr.write(`${message}\n`)
}
