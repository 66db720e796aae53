import type { Compilation, Compiler } from '@rspack/core'
import { MagnificError } from '../../core/errors.ts'
import { isSingle } from '../../core/single-request.ts'
import type { Upscaler } from '../../upscaler.ts'
import {
  checkPlace,
  explainRenamed,
  explainSkipped,
  explainTextLoader,
  findTextLoader,
  loader,
  nameShipped,
  pluginName as name,
  tryParse,
} from '../webpack/loader-plugin.ts'
import type { LoaderHost, ReferenceTest } from '../webpack/loader-plugin.ts'

/** What the plugin and the loader tell each other. */
export interface RspackNotes {
  /** Who imports what, by path and query: there is no module graph before all is built. */
  importers: Map<string, string>
  /** What failed modules, by message: Rspack hands on no more than that. */
  thrown: Map<string, MagnificError>
}

/** What Rspack's loaders have at hand, and webpack's types do not say. */
interface RspackModule {
  type: string
  rawRequest: string
  /** What the module's file is named after; may be set. */
  matchResource: string | undefined
}

/** Modules that ship what the last loader answers with. */
const shippingType = /^asset(?:\/(?:resource|inline|bytes))?$/
const scriptType = /^javascript\//

/** What webpack's hooks do before the loader runs, for the loader to do. */
export function createRspackHost(
  { importers, thrown }: RspackNotes,
  isOurs: ReferenceTest,
  getUpscaler: () => Upscaler,
): LoaderHost {
  return {
    findImporter: ({ resourcePath, resourceQuery }) => importers.get(resourcePath + resourceQuery),
    note: (error) => void thrown.set(error.message, error),
    admit: (context, { file, query, importer }) => {
      const module = context._module as unknown as RspackModule
      const { type, rawRequest } = module
      const refuse = (text: string): never => {
        throw new MagnificError('UNSUPPORTED_REFERENCE', text, { file, importer })
      }
      if (rawRequest.includes('!=!')) refuse(explainRenamed(rawRequest))
      if (rawRequest.startsWith('data:') || !isOurs(context.resourceQuery)) {
        refuse(explainSkipped(rawRequest))
      }
      const others = context.loaders.filter(({ path }) => path !== loader)
      const request = tryParse(getUpscaler(), file, query)
      // The loader tells what is wrong with it.
      if (!request) return
      const isModule = !isSingle(request)
      const textLoader = findTextLoader(others[0]?.path)
      if (textLoader !== undefined && !isModule) refuse(explainTextLoader(textLoader))
      if (isModule || request.output.kind === 'lqip') {
        // The user's loaders are for pictures.
        for (const other of others) other.normalExecuted = true
        if (type !== (isModule ? 'javascript/auto' : 'asset/inline')) refuse(explainType(type))
      } else if (scriptType.test(type) ? others.length === 0 : !shippingType.test(type)) {
        refuse(explainType(type))
      } else if (shippingType.test(type) && rawRequest.includes('!')) {
        refuse(explainNamed(rawRequest))
      }
      if (!isModule) module.matchResource = nameShipped(file, request)
    },
  }
}

/** The same where there is room for one URL, for what asks for more. */
export function createPlaceHost(host: LoaderHost, getUpscaler: () => Upscaler): LoaderHost {
  return {
    ...host,
    admit: (_, reference) => checkPlace(getUpscaler().parse(reference), reference),
  }
}

/** Loaders that name files, such as file-loader, go by the resource, which Rspack tells each of them anew. */
export function keepNames({ rspack }: Compiler, compilation: Compilation): void {
  rspack.NormalModule.getCompilationHooks(compilation).loader.tap(name, (context, module) => {
    const hasOurs = context.loaders.some(
      ({ path, pitchExecuted }) => path === loader && pitchExecuted,
    )
    const { matchResource } = module as unknown as RspackModule
    if (hasOurs && matchResource !== undefined) context.resourcePath = matchResource
  })
}

function explainType(type: string): string {
  return `A rule of the config makes a module of type "${type}" of the image, which would not ship it. Let the rule be for other files, or write type: 'asset/resource'.`
}

function explainNamed(request: string): string {
  return `"${request}" names loaders, and Rspack does not say what they make of the image. Name them in a rule of the config, with type: 'javascript/auto'.`
}
