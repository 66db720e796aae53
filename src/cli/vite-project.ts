import { join, resolve } from 'node:path'
import type { ResolvedConfig } from 'vite'
import { createViteResolve } from '../bundlers/vite/build-resolve.ts'
import { findEntries } from '../bundlers/vite/entries.ts'
import type { PluginApi } from '../bundlers/vite/plugin.ts'
import { isMagnificError } from '../core/errors.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import { configError } from './project.ts'
import type { Project } from './project.ts'

/**
 * Reads a project from its Vite config, as a build would; the plugin's options are the defaults where it is not there.
 *
 * @param folder where the config's own paths are from
 * @throws MagnificError `BAD_CONFIG`, `BAD_OPTIONS`
 */
export async function loadViteProject(file: string, folder: string): Promise<Project> {
  const vite = await importVite(file)
  const config = await resolveViteConfig(vite, file, folder)
  const plugin = config.plugins.find(({ name }) => name === 'unplugin-magnific:setup')
  const root = config.root
  return {
    options: plugin
      ? (plugin.api as PluginApi).options
      : resolveOptions({}, { root, command: 'build', env: process.env }),
    configFile: plugin && file,
    readFrom: [file, ...config.configFileDependencies, ...listEnvFiles(config)],
    ignored: [resolve(root, config.build.outDir), ...(config.publicDir ? [config.publicDir] : [])],
    entries: findEntries(config),
    loadResolve: async () => createViteResolve(vite, config),
  }
}

/** As Vite reads them. */
function listEnvFiles({ envDir, mode }: ResolvedConfig): string[] {
  if (!envDir) return []
  return ['', `.${mode}`]
    .flatMap((name) => [`.env${name}`, `.env${name}.local`])
    .map((name) => join(envDir, name))
}

async function importVite(file: string): Promise<typeof import('vite')> {
  try {
    return await import('vite')
  } catch (error) {
    throw configError(file, new Error('there is no package `vite`', { cause: error }))
  }
}

async function resolveViteConfig(
  vite: typeof import('vite'),
  configFile: string,
  folder: string,
): Promise<ResolvedConfig> {
  // A config may say itself where the root is, from here.
  const cwd = process.cwd()
  process.chdir(folder)
  try {
    return await vite.resolveConfig({ configFile, logLevel: 'error' }, 'build', 'production')
  } catch (error) {
    if (isMagnificError(error)) throw error
    throw configError(configFile, error)
  } finally {
    process.chdir(cwd)
  }
}
