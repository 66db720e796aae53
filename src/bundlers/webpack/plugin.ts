import { join } from 'node:path'
import type { Compilation, Compiler, WebpackPluginInstance } from 'webpack'
import { MagnificError } from '../../core/errors.ts'
import type { Options } from '../../core/options.ts'
import { splitReference } from '../../core/request.ts'
import { isSingle } from '../../core/single-request.ts'
import { checkContext } from './contexts.ts'
import { checkTexts } from './emitted-texts.ts'
import { isFirstInstance } from './instances.ts'
import {
  checkPlace,
  dropRepeated,
  explainFragment,
  explainRenamed,
  explainSkipped,
  explainTextLoader,
  findTextLoader,
  loader,
  nameShipped,
  openLoaderPlugin,
  pluginName as name,
  textFile,
  tryParse,
} from './loader-plugin.ts'
import type { Framework, LoaderOptions, ReferenceTest } from './loader-plugin.ts'
import { externalError } from '../external.ts'
import { findMissing, missingError } from '../missing.ts'

// webpack has this type and does not export it.
type NormalModuleFactory = Parameters<
  Parameters<Compiler['hooks']['normalModuleFactory']['tap']>[1]
>[0]

/** Marks a module whose type is ours. */
const provided = 'magnificProvidedType'

/**
 * The plugin for webpack: a raw loader that swaps the content. The module's id, type and rules stay the user's, so that
 * naming, inlining and public path do too.
 *
 * @throws MagnificError `BAD_OPTIONS` when it is applied
 */
export function createWebpackPlugin(
  userOptions: Options = {},
  framework?: Framework,
): WebpackPluginInstance {
  return {
    apply(compiler: Compiler) {
      if (!isFirstInstance(compiler, userOptions)) return
      const opened = openLoaderPlugin(compiler, userOptions, framework)
      const { options, isOurs, loaderOptions, ident } = opened
      compiler.options.module.rules.push({
        resourceQuery: isOurs,
        enforce: 'pre',
        use: [{ loader, options: loaderOptions, ident }],
      })
      compiler.hooks.normalModuleFactory.tap(name, (factory) => {
        provideType(factory, isOurs)
        keepLoader(factory, isOurs, loaderOptions)
      })
      explainMissing(compiler, isOurs)
      compiler.hooks.thisCompilation.tap(name, (compilation) => {
        checkTexts(compilation, {
          stage: compiler.webpack.Compilation.PROCESS_ASSETS_STAGE_REPORT,
          readsScripts: framework === undefined,
          getUpscaler: () => loaderOptions.upscaler,
        })
        refuseUnseen(compiler, compilation, isOurs, options.passthrough)
        compilation.hooks.processErrors.tap(name, (errors: (Error & { error?: unknown })[]) =>
          dropRepeated(errors, ({ error }) => error),
        )
      })
    },
  }
}

/** Makes an asset of a reference that no rule of the user or of webpack itself claims: it would be parsed as JavaScript. */
function provideType({ ruleSet }: NormalModuleFactory, isOurs: ReferenceTest): void {
  const exec = ruleSet.exec.bind(ruleSet)
  ruleSet.exec = (data) => {
    const effects = exec(data)
    const query = data.resourceQuery ?? ''
    if (!isOurs(query)) return effects
    const claimed = effects.some(
      ({ type }) => type === 'type' || type === 'use' || type === 'use-post',
    )
    if (!claimed) {
      const inline = query.slice(1).split('&').includes('inline')
      effects.push({ type: 'type', value: inline ? 'asset/inline' : 'asset/resource' })
      // Becomes one of the module's settings.
      effects.push({ type: provided, value: true })
    }
    return effects
  }
}

/**
 * Refuses requests that switch configured loaders off, ours among them. Gives what is emitted the name of what it holds,
 * without our query in it, and makes modules of what is more than a URL.
 */
function keepLoader(
  factory: NormalModuleFactory,
  isOurs: ReferenceTest,
  loaderOptions: LoaderOptions,
): void {
  factory.hooks.afterResolve.tap(name, ({ createData, contextInfo, dependencyType }) => {
    const {
      resource = '',
      loaders = [],
      settings = {},
      matchResource,
      rawRequest = '',
    } = createData
    const { file, query } = splitReference(resource)
    const importer = contextInfo.issuer || undefined
    if (![resource, matchResource ?? ''].some(isOurs)) return
    if (matchResource !== undefined) {
      throw new MagnificError('UNSUPPORTED_REFERENCE', explainRenamed(rawRequest), {
        file,
        importer,
      })
    }
    if (!loaders.some((item) => item.loader === loader)) {
      throw new MagnificError('UNSUPPORTED_REFERENCE', explainSkipped(rawRequest), {
        file,
        importer,
      })
    }
    if (createData.type === 'asset/source') {
      throw new MagnificError(
        'UNSUPPORTED_REFERENCE',
        `A rule of the config makes a module of type "asset/source" of the image, which would not ship it. Let the rule be for other files, or write type: 'asset/resource'.`,
        { file, importer },
      )
    }
    const request = tryParse(loaderOptions.upscaler, file, query)
    const textLoader = findTextLoader(loaders[0]?.loader)
    if (textLoader !== undefined && request && isSingle(request)) {
      throw new MagnificError('UNSUPPORTED_REFERENCE', explainTextLoader(textLoader), {
        file,
        importer,
      })
    }
    const setType = (type: 'javascript/auto' | 'asset/inline'): void => {
      const parser = factory.getParser(type)
      const generator = factory.getGenerator(type)
      Object.assign(createData, { type, parser, generator })
    }
    const onlyOurs = (): void => {
      createData.loaders = loaders.filter((item) => item.loader === loader)
    }
    if (request && !isSingle(request)) {
      if (dependencyType === 'url' || textFile.test(importer ?? '')) {
        checkPlace(request, { file, query, importer })
      }
      onlyOurs()
      setType('javascript/auto')
    } else if (request?.output.kind === 'lqip') {
      onlyOurs()
      // A framework's settings of assets may be none for those that are inlined: the loader writes the URI itself.
      setType(loaderOptions.urlField === undefined ? 'asset/inline' : 'javascript/auto')
    } else if (provided in settings && loaders.some((item) => item.loader !== loader)) {
      // Loaders named in the request, which rules do not see, make a module of the image: what they return is its code.
      setType('javascript/auto')
    }
    createData.matchResource = nameShipped(file, request)
  })
}

/** What never comes to the loader: what is left to whoever runs the bundle, and patterns that no image fits. */
function refuseUnseen(
  { webpack: { ExternalModule } }: Compiler,
  compilation: Compilation,
  isOurs: ReferenceTest,
  passthrough: readonly string[],
): void {
  compilation.hooks.finishModules.tap(name, (modules) => {
    for (const module of modules) {
      const isExternal = module instanceof ExternalModule
      if (isExternal ? !isOurs(module.userRequest) : module.type !== 'javascript/dynamic') continue
      const issuer = compilation.moduleGraph.getIssuer(module) as { resource?: string } | null
      const error = isExternal
        ? externalError(module.userRequest, issuer?.resource)
        : checkContext(module, issuer?.resource, passthrough)
      if (!error) continue
      compilation.errors.push(
        Object.assign(new Error(error.message), { module: issuer, hideStack: true }),
      )
    }
  })
}

/** Adds to webpack's "Can't resolve" what it cannot know: that an image is meant, and which one perhaps. */
function explainMissing({ resolverFactory }: Compiler, isOurs: ReferenceTest): void {
  resolverFactory.hooks.resolver.for('normal').tap(name, (resolver) => {
    resolver.hooks.noResolve.tap(name, ({ request = '', path, context }, error) => {
      if (!isOurs(request) || !path) return
      const missing = findMissing(request, join(path, 'importer'))
      const issuer = (context as { issuer?: string } | undefined)?.issuer
      const hint =
        missing === undefined ? explainFragment(request) : missingError(missing, issuer).message
      if (hint !== undefined) error.message += `\n${hint}`
    })
  })
}
