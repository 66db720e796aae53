import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import { isMagnificError, MagnificError } from '../core/errors.ts'
import type { Options, ResolvedOptions } from '../core/options.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import type { Resolve } from '../scan/plain-resolve.ts'

/** What the commands know of the project that we stand in: what its host would know. */
export interface Project {
  /** The options of a build, from the host's config. */
  options: ResolvedOptions
  /** What the options are from, an absolute path; `undefined` where they are the defaults. */
  configFile: string | undefined
  /** Every file that the options are read from, or would be, were it there: absolute paths. */
  readFrom: readonly string[]
  /** Folders that hold no sources, such as the one that is built into: absolute paths. */
  ignored: readonly string[]
  /** What builds begin with, absolute paths; `undefined` where nobody tells. */
  entries: readonly string[] | undefined
  /** Loads what resolves as the host does. */
  loadResolve: () => Promise<Resolve>
}

/** What a command says about where the project is. */
export interface ProjectFlags {
  /** A Vite config, or a module of options, from where we stand. */
  config?: string | undefined
}

type Env = Readonly<Record<string, string | undefined>>

/** As Vite looks for it. */
const extensions = ['js', 'mjs', 'ts', 'cjs', 'mts', 'cts']
const viteConfigs = extensions.map((type) => `vite.config.${type}`)
const otherHosts = ['webpack', 'rspack', 'rsbuild', 'rollup', 'rolldown', 'next', 'nuxt', 'astro']
const otherConfigs = otherHosts.flatMap((host) =>
  extensions.map((type) => `${host}.config.${type}`),
)
const optionsModules = extensions.map((type) => `magnific.config.${type}`)

/**
 * Reads the project that we stand in: the Vite config where the plugin is in it, else `magnific.config.*`, whose default
 * export is the plugin's options, and which may export `entries` and `alias` beside them.
 *
 * @param env without what `.env` files add
 * @throws MagnificError `BAD_CONFIG` for a config that cannot be loaded, `BAD_OPTIONS`
 */
export async function loadProject(
  { config }: ProjectFlags,
  env: Env = process.env,
): Promise<Project> {
  const folder = findProjectFolder(process.cwd())
  if (config !== undefined) {
    const file = resolve(config)
    if (!existsSync(file)) throw configError(file, new Error('it is not there'))
    // As Vite has it: its root is where it is started from.
    return isViteConfig(file) ? loadVite(file, process.cwd()) : loadModule(file, env)
  }
  const vite = findFirst(folder, viteConfigs)
  const module = findFirst(folder, optionsModules)
  const project = vite === undefined ? undefined : await loadVite(vite, folder)
  // A Vite config may be there for the tests of an app that is built with something else.
  const isOfUse = project?.configFile !== undefined || module === undefined
  const found = isOfUse ? (project ?? loadDefaults(env)) : await loadModule(module, env)
  const looked = [...viteConfigs, ...optionsModules].map((name) => join(folder, name))
  return { ...found, readFrom: [...looked, ...found.readFrom] }
}

/**
 * Refuses to go on with the defaults where a host's config has options that nobody here can read: what would be planned, or
 * bought, would be something else than a build wants, and lie where no build looks.
 *
 * @throws MagnificError `BAD_CONFIG`
 */
export async function checkConfigured({ options, configFile }: Project): Promise<void> {
  if (configFile !== undefined) return
  const { root } = options
  const other = findFirst(root, otherConfigs)
  if (other !== undefined && readFileSync(other, 'utf8').includes('unplugin-magnific')) {
    throw new MagnificError(
      'BAD_CONFIG',
      `The options in ${other} cannot be read from here. Move them to magnific.config.js beside it, whose default export they are, and let ${basename(other)} import them from there. Even without options, that file says that there are none: export default {}`,
    )
  }
  const { default: glob } = await import('fast-glob')
  const nested = await glob(`*/**/@(vite|magnific).config.@(${extensions.join('|')})`, {
    cwd: root,
    ignore: ['**/node_modules/**', '**/dist/**'],
    deep: 5,
    followSymbolicLinks: false,
    suppressErrors: true,
  })
  const [first] = nested.toSorted()
  if (first === undefined) return
  throw new MagnificError(
    'BAD_CONFIG',
    `There is no config in ${root}, and one in ${dirname(first)}: its builds have options and a cache of their own. Go there, or name it with --config ${first}.`,
  )
}

/** The project where it has no config, or one that is of no use. */
export function loadDefaults(env: Env = process.env): Project {
  return describeProject({}, findProjectFolder(process.cwd()), undefined, env)
}

/** The nearest folder with a config or a package.json, from here upwards. */
export function findProjectFolder(cwd: string): string {
  const marks = [...viteConfigs, ...optionsModules, 'package.json']
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (findFirst(folder, marks) !== undefined) return folder
    if (folder === dirname(folder)) return cwd
  }
}

async function loadVite(file: string, folder: string): Promise<Project> {
  const [{ loadViteProject }] = await Promise.all([import('./vite-project.ts'), checkPresets(file)])
  return loadViteProject(file, folder)
}

async function checkPresets(file: string): Promise<void> {
  const { checkDuplicatePresets } = await import('./duplicate-presets.ts')
  checkDuplicatePresets(file)
}

async function loadModule(file: string, env: Env): Promise<Project> {
  try {
    await checkPresets(file)
    const loaded = await importModule(file)
    if (loaded['default'] === undefined) throw new Error('it has no default export')
    return describeProject(loaded['default'], findProjectFolder(dirname(file)), file, env, loaded)
  } catch (error) {
    if (isMagnificError(error)) throw error
    throw configError(file, error)
  }
}

/** TypeScript is Vite's to read, where Node does not yet. */
async function importModule(file: string): Promise<Record<string, unknown>> {
  if (!extname(file).endsWith('ts') || 'typescript' in process.features) {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  }
  const named = /^export\s+const\s+(?:entries|alias)\b/m.exec(readFileSync(file, 'utf8'))
  if (named) {
    throw new Error(
      `"${named[0]}" in TypeScript is not read by Node ${process.versions.node}: write the file in JavaScript`,
    )
  }
  const { loadConfigFromFile } = await import('vite')
  const env = { command: 'build', mode: 'production' } as const
  const loaded = await loadConfigFromFile(env, file, undefined, 'silent')
  return { default: loaded?.config }
}

function describeProject(
  options: unknown,
  root: string,
  configFile: string | undefined,
  env: Env,
  { entries, alias }: Record<string, unknown> = {},
): Project {
  const envFiles = ['.env', '.env.local'].map((name) => join(root, name))
  const merged = Object.assign({}, ...envFiles.map(readEnvFile), env) as Env
  const files = listEntries(entries, configFile)
  const paths = readAlias(alias, root, configFile)
  return {
    options: resolveOptions(options as Options, { root, command: 'build', env: merged }),
    configFile,
    readFrom: configFile === undefined ? envFiles : [configFile, ...envFiles],
    ignored: [],
    entries: files?.map((path) => resolve(root, path)),
    loadResolve: async () => {
      const { createPlainResolve } = await import('../scan/plain-resolve.ts')
      return createPlainResolve({ root, alias: paths })
    },
  }
}

function listEntries(value: unknown, configFile: string | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.every((each) => typeof each === 'string')) return list
  throw new MagnificError(
    'BAD_OPTIONS',
    `\`entries\` in ${configFile} must be a path, or a list of paths, from its folder.`,
  )
}

/** As Vite and webpack take it; what begins with a dot is from the root. */
function readAlias(
  value: unknown,
  root: string,
  configFile: string | undefined,
): Record<string, string> {
  const entries = Object.entries(value ?? {}) as [string, unknown][]
  if (Array.isArray(value) || !entries.every(([, path]) => typeof path === 'string')) {
    throw new MagnificError(
      'BAD_OPTIONS',
      `\`alias\` in ${configFile} must be an object of paths by what they stand for, such as { '@': './src' }.`,
    )
  }
  return Object.fromEntries(
    (entries as [string, string][]).map(([find, path]) => [
      find,
      path.startsWith('.') ? resolve(root, path) : path,
    ]),
  )
}

/** Says why a config is of no use, and what to do. */
export function configError(file: string, error: unknown): MagnificError {
  const said = String((error as Error | undefined)?.message ?? error)
  const lines = said
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('Build failed'))
  return new MagnificError(
    'BAD_CONFIG',
    `${file} cannot be loaded (${lines.slice(0, 2).join(' ').trim()}). Mend that; or --config <file> names another Vite config, or a JavaScript module whose default export the options are.`,
    { cause: error },
  )
}

function isViteConfig(file: string): boolean {
  return /(?:^|[/\\])[^/\\]*vite[^/\\]*\.config\.[cm]?[jt]s$/.test(file)
}

function findFirst(folder: string, names: readonly string[]): string | undefined {
  return names.map((name) => join(folder, name)).find((path) => existsSync(path))
}

function readEnvFile(file: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}
