import { readFile } from 'node:fs'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'
import type { OnLoadArgs, OnLoadResult, PartialMessage, Plugin, PluginBuild } from 'esbuild'
import { MagnificError, placeError } from '../../core/errors.ts'
import type { Options, ResolvedOptions } from '../../core/options.ts'
import { idFilters, isReference, referenceFilter, splitReference } from '../../core/request.ts'
import { resolveOptions } from '../../core/resolve-options.ts'
import { renderVariantQuery } from '../../core/variant-query.ts'
import type { Reference, Shipment } from '../../shipment.ts'
import { findProjectRoot } from '../../store/layout.ts'
import { createUpscaler } from '../../upscaler.ts'
import type { Upscaler } from '../../upscaler.ts'
import { isElsewhere } from '../redirect.ts'
import { isOfSurroundings } from '../host-error.ts'
import { renderShipment } from '../module-code.ts'
import { stderrLogger } from '../stderr-logger.ts'
import { startTypes } from '../types.ts'
import type { TypesRun } from '../types.ts'
import { chooseLoader } from './loaders.ts'
import { toMessage } from './messages.ts'
import { checkOutputs } from './output.ts'
import { findReference, modules, nameModule, pictures } from './resolve.ts'
import { createEsbuildSources, listOutputs } from './sources.ts'

const name = 'unplugin-magnific'
/** For esbuild, which runs it in Go. */
const filter = new RegExp(idFilters.map(({ source }) => source).join('|'), 'is')
/** What people call a script with when it is to go on running. */
const watchWord = /^(?:-w$|(?:--)?(?:watch|serve|dev)(?:$|:|=(?!(?:false|no|off|0)$)))/
// The one of node:fs/promises takes three times as long.
const read = promisify(readFile)

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
    return createUpscaler(options, stderrLogger, createEsbuildSources(build, options, cwd))
  }

  let upscaler = open()
  let types: TypesRun | undefined
  /** What modules of ours stand for, by their paths. */
  const references = new Map<string, Reference>()
  /** What modules of others import, as ids. */
  const met = new Set<string>()
  /** Those of them that no other plugin has loaded before us. */
  const loaded = new Set<string>()
  /** What other errors tell of already. */
  let repeated: PartialMessage[] = []
  let isTold = false

  const isOurs = (path: string): boolean =>
    referenceFilter.test(path) &&
    isReference(splitReference(path).query, upscaler.options.passthrough)

  /** The build fails anyway: what comes up with each image is told once. */
  const refuse = (error: unknown): OnLoadResult => {
    const isRepeated = isOfSurroundings(error) && isTold
    isTold ||= isOfSurroundings(error)
    if (!isRepeated && !(error instanceof MagnificError && error.isListed)) {
      return { errors: [toMessage(error)] }
    }
    repeated.push(toMessage(error))
    return { contents: '', loader: 'dataurl' }
  }

  const load = async (
    { path }: OnLoadArgs,
    render: (shipment: Shipment, reference: Reference) => Promise<OnLoadResult>,
  ): Promise<OnLoadResult | undefined> => {
    const reference = references.get(path)
    if (!reference) return undefined
    loaded.add(path)
    try {
      const shipment = upscaler.find(reference) ?? (await upscaler.upscale(reference))
      return await render(shipment, reference)
    } catch (error) {
      return refuse(placeError(error, reference))
    }
  }

  // Tells what each import came to.
  initialOptions.metafile = true

  build.onStart(() => {
    runs++
    if (upscaler.options.command !== findCommand(runs)) upscaler = open()
    references.clear()
    met.clear()
    loaded.clear()
    repeated = []
    isTold = false
    upscaler.begin()
    upscaler.prefetch()
    types = startTypes(upscaler.options, stderrLogger, listOutputs(initialOptions, cwd))
  })

  build.onResolve({ filter }, async (args) => {
    // What a style sheet has of another server is none of ours.
    const isForeign = args.kind === 'url-token' && isElsewhere(args.path)
    if (isForeign || !isOurs(args.path)) return undefined
    try {
      const reference = await findReference(args, build, references)
      const { namespace, path } = nameModule(reference, args, upscaler, build)
      references.set(path, reference)
      if (args.namespace !== modules) met.add(`${reference.file}?${reference.query}`)
      return { namespace, path, watchFiles: [reference.file] }
    } catch (error) {
      return { errors: [toMessage(error)], watchDirs: [args.resolveDir].filter(Boolean) }
    }
  })

  build.onLoad({ filter: /^/, namespace: pictures }, async (args) =>
    load(args, async ({ variants, hostQuery }, { file }) => {
      const picture = { file, name: args.path, hostQuery, attributes: args.with }
      const loader = chooseLoader(picture, initialOptions.loader)
      return { contents: await read(variants[0]?.file ?? ''), loader }
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
          isTaken: (path) => references.has(path) && !loaded.has(path),
        })
    if (!hasFailed) net.errors.push(...repeated)
    const isBroken = hasFailed || net.errors.length > 0
    if (isBroken) await upscaler.abort()
    await upscaler.end()
    await types?.finish(isBroken ? [] : met)
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
