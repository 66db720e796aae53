import type { DevEnvironment, Plugin, ResolvedConfig } from 'vite'
import type { Resolve } from '../../scan/plain-resolve.ts'
import { createHostResolve } from '../sources.ts'
import { hasForeignHook } from './project.ts'

type Vite = typeof import('vite')
type Container = DevEnvironment['pluginContainer']

/**
 * Resolves as a build of this config would: its aliases, its packages, and what other plugins resolve.
 *
 * @param vite the module that the config is for
 */
export function createViteResolve(vite: Vite, config: ResolvedConfig): Resolve {
  const resolveByAlias = config.createResolver({ asSrc: true })
  let container: Promise<Container> | undefined
  const resolveByPlugins = async (path: string, importer: string): Promise<string | undefined> => {
    container ??= openContainer(vite, config)
    const resolved = await (await container).resolveId(path, importer)
    return resolved?.external ? undefined : resolved?.id
  }
  return createHostResolve({
    resolve: async (path, importer) => {
      // Other plugins come first, as in a build.
      const byPlugins = hasResolvers(config) ? await resolveByPlugins(path, importer) : undefined
      return byPlugins ?? resolveByAlias(path, importer)
    },
    resolveAlias: async (pattern, importer) => resolveByAlias(pattern, importer, true),
  })
}

function hasResolvers(config: ResolvedConfig): boolean {
  return hasForeignHook(config, 'resolveId')
}

/** Nothing of other plugins runs but what resolves: a plan must not begin what a build begins. */
async function openContainer({ DevEnvironment }: Vite, config: ResolvedConfig): Promise<Container> {
  const plugins = config.plugins
    .filter(({ name, resolveId }) => resolveId && !name.startsWith('unplugin-magnific'))
    .map(({ name, enforce, resolveId, api, applyToEnvironment }) => ({
      name,
      resolveId,
      api,
      ...(enforce && { enforce }),
      ...(applyToEnvironment && { applyToEnvironment }),
    })) as Plugin[]
  const reduced = Object.assign(
    Object.create(Object.getPrototypeOf(config) as object) as ResolvedConfig,
    config,
    { plugins },
  )
  const settings = { hot: false, disableDepsOptimizer: true }
  const environment = new DevEnvironment('client', reduced, settings)
  await environment.init()
  return environment.pluginContainer
}
