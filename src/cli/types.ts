import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ResolvedConfig } from 'vite'
import { MagnificError } from '../core/errors.ts'
import type { Options } from '../core/options.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import { createTypesFile } from '../dts/types-file.ts'
import type { TypesSettings } from '../dts/types-file.ts'
import { findProjectRoot } from '../store/layout.ts'

/** The flags of `magnific types`. */
export interface TypesFlags {
  /** Where the types go, from where we stand. */
  out?: string | undefined
  /** A module with the options, from where we stand. */
  options?: string | undefined
  /** Whether to look only. */
  check?: boolean | undefined
  json?: boolean | undefined
}

/** What is known of a project's presets, and which folders hold no sources. */
interface Setup {
  options: TypesSettings
  ignored: readonly string[]
}

/** As Vite looks for it. */
const viteConfigs = ['js', 'mjs', 'ts', 'cjs', 'mts', 'cts'].map((type) => `vite.config.${type}`)

/**
 * Writes the file of types, or looks whether it is up to date.
 *
 * @throws MagnificError `BAD_COMMAND` for one that is out of date and was only to be looked at, or a module that holds no
 * options; `BAD_OPTIONS`
 */
export async function runTypes(
  { out, options: module, check = false, json = false }: TypesFlags,
  write: (text: string) => void,
): Promise<void> {
  const cwd = process.cwd()
  const project = findProjectRoot(cwd)
  const config = viteConfigs.map((name) => join(project, name)).find((path) => existsSync(path))
  const { options, ignored } =
    module === undefined
      ? await (config === undefined ? resolveSetup({}, project) : loadViteSetup(config, project))
      : await loadModuleSetup(resolve(cwd, module), project)
  const settings = out === undefined ? options : { ...options, dts: resolve(cwd, out) }
  const file = createTypesFile(settings, ignored)
  await file.scan()
  const changed = check ? !(await file.isCurrent()) : await file.write()
  const path = relative(cwd, file.path)
  if (check && changed) {
    throw new MagnificError(
      'BAD_COMMAND',
      `${path} is not up to date. Run \`magnific types\`, and commit what it writes.`,
    )
  }
  const said = changed ? `${path} is written.` : `${path} is up to date.`
  write(json ? JSON.stringify({ file: file.path, changed }, null, 2) : said)
}

function resolveSetup(options: Options, root: string): Setup {
  // Types need neither a key nor a host, and the environment may speak of both.
  return { options: resolveOptions(options, { root, command: 'build', env: {} }), ignored: [] }
}

async function loadModuleSetup(file: string, root: string): Promise<Setup> {
  try {
    const { default: options } = (await import(pathToFileURL(file).href)) as { default: Options }
    return resolveSetup(options, root)
  } catch (error) {
    if (error instanceof MagnificError) throw error
    throw new MagnificError(
      'BAD_COMMAND',
      `"${file}" cannot be loaded (${(error as Error).message}). --options names a JavaScript module whose default export the options are.`,
      { cause: error },
    )
  }
}

/** What the plugin in the project's Vite config was given; no presets where it is not there. */
async function loadViteSetup(configFile: string, root: string): Promise<Setup> {
  const config = await resolveViteConfig(configFile, root)
  const plugin = config.plugins.find(({ name }) => name === 'unplugin-magnific:types')
  const ignored = [resolve(config.root, config.build.outDir)]
  if (!plugin) return { ...resolveSetup({}, config.root), ignored }
  return { options: (plugin.api as { options: TypesSettings }).options, ignored }
}

async function resolveViteConfig(configFile: string, root: string): Promise<ResolvedConfig> {
  // A config may say itself where the root is, from here.
  process.chdir(root)
  try {
    const { resolveConfig } = await import('vite')
    return await resolveConfig({ configFile, logLevel: 'error' }, 'build', 'production')
  } catch (error) {
    if (error instanceof MagnificError) throw error
    throw new MagnificError(
      'BAD_COMMAND',
      `${configFile} cannot be loaded (${(error as Error).message}). Mend that, or name the options: --options <file>.`,
      { cause: error },
    )
  }
}
