import { join } from 'node:path'
import type { Compilation, Compiler, RspackError, RspackPluginInstance } from '@rspack/core'
import type { Compilation as WebpackCompilation, Compiler as WebpackCompiler } from 'webpack'
import { MagnificError } from '../../core/errors.ts'
import { imageExtensions } from '../../core/formats.ts'
import type { Format } from '../../core/formats.ts'
import type { Options } from '../../core/options.ts'
import { splitReference } from '../../core/request.ts'
import { isSingle } from '../../core/single-request.ts'
import type { Upscaler } from '../../upscaler.ts'
import { checkContext } from '../webpack/contexts.ts'
import { checkTexts } from '../webpack/emitted-texts.ts'
import { externalError } from '../external.ts'
import { isFirstInstance } from '../webpack/instances.ts'
import {
  dropRepeated,
  explainFragment,
  explainSkipped,
  loader,
  openLoaderPlugin,
  pluginName as name,
  tryParse,
} from '../webpack/loader-plugin.ts'
import type { LoaderOptions, ReferenceTest } from '../webpack/loader-plugin.ts'
import { findMissing, missingError } from '../missing.ts'
import { createPlaceHost, createRspackHost, keepNames } from './loader-host.ts'
import type { RspackNotes } from './loader-host.ts'
import { addRules } from './rules.ts'

/**
 * The plugin for Rspack: webpack's loader, by other means. What decides about modules is not JavaScript there: types come
 * from rules, names from the loader, and what went wrong is looked at when all is built.
 *
 * @throws MagnificError `BAD_OPTIONS` when it is applied
 */
export function createRspackPlugin(userOptions: Options = {}): RspackPluginInstance {
  return {
    apply(compiler: Compiler) {
      // Rspack's compiler has all that is used of webpack's.
      const compatible = compiler as unknown as WebpackCompiler
      if (!isFirstInstance(compatible, userOptions)) return
      const opened = openLoaderPlugin(compatible, userOptions)
      const { options, isOurs, loaderOptions, ident } = opened
      const notes: RspackNotes = { importers: new Map(), thrown: new Map() }
      const getUpscaler = (): Upscaler => loaderOptions.upscaler
      const host = createRspackHost(notes, isOurs, getUpscaler)
      const optionsWith = (ownHost: typeof host): LoaderOptions => ({
        get upscaler() {
          return getUpscaler()
        },
        host: ownHost,
      })
      const inScript = { loader, options: optionsWith(host), ident }
      const inPlace = {
        loader,
        options: optionsWith(createPlaceHost(host, getUpscaler)),
        ident: `${ident}-place`,
      }

      let areRulesThere = false
      const begin = (): void => {
        if (areRulesThere) return
        areRulesThere = true
        const { cache } = compiler.options
        if (typeof cache === 'object' && cache.type === 'persistent') {
          // What it holds is not asked for again: with other options, it is another cache.
          cache.version = `${cache.version ?? ''}|${ident}`
        }
        addRules(compiler.options.module, {
          isOurs,
          findKind: (query) => findKind(query, getUpscaler()),
          findFormat: (query) => findFormat(query, getUpscaler()),
          use: ({ resource, resourceQuery, issuer }) => {
            if (issuer) notes.importers.set(resource + resourceQuery, issuer)
            return inScript
          },
          useInPlace: () => inPlace,
        })
      }
      // After every other plugin has said what it wants, and before Rspack takes the rules over.
      compiler.hooks.beforeRun.tap({ name, stage: Number.MAX_SAFE_INTEGER }, begin)
      compiler.hooks.watchRun.tap({ name, stage: Number.MAX_SAFE_INTEGER }, begin)
      compiler.hooks.compilation.tap(name, (compilation) => {
        keepNames(compiler, compilation)
        checkTexts(compilation as unknown as WebpackCompilation, {
          stage: compiler.rspack.Compilation.PROCESS_ASSETS_STAGE_REPORT,
          // What compiles for another compiler, as plugins for pages do, is not emitted.
          readsScripts: !compilation.compiler.isChild(),
          getUpscaler,
        })
      })
      compiler.hooks.afterCompile.tap(name, (compilation) => {
        settleErrors(
          compilation,
          findEscaped(compilation, isOurs, options.passthrough),
          isOurs,
          notes.thrown,
        )
      })
    },
  }
}

/** Whatever the image: how much a query asks for does not depend on it, though whether it is allowed may. */
function findKind(query: string, upscaler: Upscaler): 'module' | 'lqip' | undefined {
  for (const extension of imageExtensions) {
    const request = tryParse(upscaler, `image.${extension}`, query.slice(1))
    if (!request) continue
    if (!isSingle(request)) return 'module'
    return request.output.kind === 'lqip' ? 'lqip' : undefined
  }
  return undefined
}

function findFormat(query: string, upscaler: Upscaler): Format | undefined {
  const [one, other] = ['image.png', 'image.jpg'].map(
    (file) => tryParse(upscaler, file, query.slice(1))?.variants[0]?.format,
  )
  return one === other ? one : undefined
}

/** Tells each error of ours in its own words, and once; adds what Rspack cannot know; and looks for what came by no loader. */
function settleErrors(
  compilation: Compilation,
  escaped: readonly RspackError[],
  isOurs: ReferenceTest,
  thrown: RspackNotes['thrown'],
): void {
  const { errors } = compilation
  if (errors.length === 0 && escaped.length === 0) return
  const find = ({ error }: { error?: Error | undefined }): MagnificError | undefined =>
    thrown.get(error?.message ?? '')
  const told = dropRepeated<RspackError>([...errors], find).map((error) => {
    const message = find(error)?.message ?? explainMissing(error, isOurs)
    return message === undefined ? error : createError(message, error)
  })
  compilation.errors = [...told, ...escaped]
}

/** What Rspack has made of an error cannot be changed: it prints what it was made from. */
function createError(
  message: string,
  { module, loc }: Pick<RspackError, 'module' | 'loc'>,
): RspackError {
  return Object.assign(new Error(message), { module, loc, hideStack: true }) as RspackError
}

/** Adds to Rspack's "Can't resolve" that an image is meant, and which one perhaps. */
function explainMissing(error: RspackError, isOurs: ReferenceTest): string | undefined {
  const [said = '', request = '', folder = ''] =
    /Module not found: Can't resolve '(.*?)' in '(.*?)'/.exec(error.message) ?? []
  if (!isOurs(request)) return undefined
  const missing = findMissing(request, join(folder, 'importer'))
  const { resource } = (error.module ?? {}) as Partial<NormalParts>
  const hint =
    missing === undefined ? explainFragment(request) : missingError(missing, resource).message
  return hint === undefined ? undefined : `${said}\n${hint}`
}

/**
 * What asks for us and does not come by us: requests that switch configured loaders off, what is left to whoever runs the
 * bundle, and patterns that no image fits.
 */
function findEscaped(
  { modules, moduleGraph }: Compilation,
  isOurs: ReferenceTest,
  passthrough: readonly string[],
): RspackError[] {
  const errors: RspackError[] = []
  for (const module of modules) {
    const { resource, userRequest = '', rawRequest = '', loaders } = module as Partial<NormalParts>
    const isContext = module.constructor.name === 'ContextModule'
    if (!isContext && !isOurs(resource ?? userRequest)) continue
    const issuer = moduleGraph.getIssuer(module)
    const importer = (issuer as Partial<NormalParts> | null)?.resource
    const refuse = (error: MagnificError | undefined): void => {
      if (error) errors.push(createError(error.message, issuer ? { module: issuer } : {}))
    }
    if (isContext) refuse(checkContext(module, importer, passthrough))
    else if (resource === undefined) refuse(externalError(userRequest, importer))
    else if (loaders && !loaders.some((each) => splitReference(each.loader).file === loader)) {
      const { file } = splitReference(resource)
      const text = explainSkipped(rawRequest)
      refuse(new MagnificError('UNSUPPORTED_REFERENCE', text, { file, importer }))
    }
  }
  return errors
}

/** What modules of files have, and external ones partly. */
interface NormalParts {
  resource: string
  userRequest: string
  rawRequest: string
  loaders: readonly { loader: string }[]
}
