import type { DevEnvironment, Plugin, ResolvedConfig } from 'vite'
import { createHostResolve } from '../bundlers/sources.ts'
import type { Resolve } from '../scan/plain-resolve.ts'

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
  return createHostResolve(async (path, importer) => {
    const byAlias = await resolveByAlias(path, importer)
    if (byAlias !== undefined || !hasResolvers(config)) return byAlias
    container ??= openContainer(vite, config)
    const resolved = await (await container).resolveId(path, importer)
    return resolved?.external ? undefined : resolved?.id
  })
}

const isOwnOrHost = /^(?:vite:|builtin:|rolldown:|unplugin-magnific|alias$|commonjs$)/

function hasResolvers({ plugins }: ResolvedConfig): boolean {
  return plugins.some(({ name, resolveId }) => resolveId && !isOwnOrHost.test(name))
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
