import { dirname } from 'node:path'
import type { Compiler } from 'webpack'
import type { ResolvedOptions } from '../../core/options.ts'
import type { ScanSources } from '../../prefetch.ts'
import { createSources } from '../sources.ts'

/** webpack's own plugins that exchange modules, or leave them out. */
const replacing =
  /^(?:NormalModuleReplacement|Ignore|ContextReplacement|Dll|DllReference|Externals)Plugin$/

/** The sources of a compiler, as far as its config tells. */
export function createWebpackSources(compiler: Compiler, options: ResolvedOptions): ScanSources {
  const { context } = compiler
  const resolver = compiler.resolverFactory.get('normal', { dependencyType: 'esm' })
  const find = async (folder: string, request: string): Promise<string | undefined> =>
    new Promise((settle) => {
      resolver.resolve({}, folder, request, {}, (error, path) => {
        settle(error || typeof path !== 'string' ? undefined : path)
      })
    })
  return createSources(options, {
    ignored: compiler.outputPath ? [compiler.outputPath] : [],
    resolve: async (path, importer) => find(dirname(importer), path),
    findEntries: async () => {
      const { entry, externals, plugins } = compiler.options
      // What is left out of the bundle, or exchanged, is decided where nobody else can ask.
      const isPlain =
        externals === undefined || (Array.isArray(externals) && externals.length === 0)
      if (!isPlain || plugins.some((plugin) => replacing.test(plugin?.constructor.name ?? ''))) {
        return undefined
      }
      // What a function gives is not known before it is asked, which is webpack's to do.
      if (typeof entry === 'function') return undefined
      const requests = Object.values(entry).flatMap((each) => each.import ?? [])
      const files = await Promise.all(requests.map(async (request) => find(context, request)))
      return files.every((file) => file !== undefined) ? files : undefined
    },
  })
}
