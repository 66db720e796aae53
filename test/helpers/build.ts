import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { build as buildByEsbuild } from 'esbuild'
import type { BuildOptions, Message } from 'esbuild'
import magnificEsbuild from 'unplugin-magnific/esbuild'
import { rspack } from '@rspack/core'
import type { Configuration as RspackConfiguration } from '@rspack/core'
import { rolldown } from 'rolldown'
import type { InputOptions, OutputOptions } from 'rolldown'
import { rollup } from 'rollup'
import type { InputPluginOption } from 'rollup'
import magnificRolldown from 'unplugin-magnific/rolldown'
import magnificRollup from 'unplugin-magnific/rollup'
import type { Options } from 'unplugin-magnific/rollup'
import magnificRspack from 'unplugin-magnific/rspack'
import magnificVite from 'unplugin-magnific/vite'
import magnificWebpack from 'unplugin-magnific/webpack'
import type * as vite8 from 'vite'
import { onTestFinished, vi } from 'vitest'
import webpack from 'webpack'
import type { Configuration } from 'webpack'
import type { Project } from './project.ts'
import { vites, viteVersions } from './vite-versions.ts'
import type { ViteVersion } from './vite-versions.ts'

/** A bundler at a version. */
export type Host = ViteVersion | 'webpack' | 'rspack' | 'rollup' | 'rolldown' | 'esbuild'

/** Every bundler that is supported, by the versions that are tested. */
export const hosts: readonly Host[] = [
  ...viteVersions,
  'webpack',
  'rspack',
  'rollup',
  'rolldown',
  'esbuild',
]

/** How a project is built; what a user would write into the host's config. */
export interface BuildSettings {
  options?: Options
  /** Relative to the project. */
  entry?: string
  vite?: vite8.InlineConfig
  /** Plugins of Vite that stand before ours; those in `vite` stand behind it. */
  viteBefore?: vite8.PluginOption[]
  webpack?: Configuration
  rspack?: RspackConfiguration
  rollupPlugins?: InputPluginOption[]
  esbuild?: BuildOptions
  rolldown?: InputOptions
  rolldownOutput?: OutputOptions
}

/** What a build gave. */
export interface Built {
  /** The host's own words, with the error's place where it shows one. */
  error: string | undefined
  /** Emitted files that are no scripts, by name without folders. */
  assets: Map<string, Buffer>
  /** All scripts, one after the other. */
  code: string
  /** Without colours, which depend on where the tests run. */
  log: string
}

/** Builds a project's entry with the plugin as it is packed. Keys of the environment are hidden from it. */
export async function build(
  host: Host,
  project: Project,
  { options = {}, entry = 'src/main.js', ...settings }: BuildSettings = {},
): Promise<Built> {
  for (const name of ['FREEPIK_API_KEY', 'MAGNIFIC_API_KEY', 'MAGNIFIC_BASE_URL']) {
    vi.stubEnv(name, undefined)
  }
  onTestFinished(() => void vi.unstubAllEnvs())
  const outDir = project.path('dist')
  rmSync(outDir, { recursive: true, force: true })
  const lines: string[] = []
  const run = {
    webpack: runWebpack,
    rspack: runRspack,
    rollup: runRollup,
    esbuild: runEsbuild,
    rolldown: runRolldown,
    vite8: runVite,
    vite7: runVite,
    vite6: runVite,
  }
  const error = await run[host]({
    host,
    project,
    options,
    entry,
    outDir,
    lines,
    ...settings,
  }).catch((thrown: unknown) => describe(thrown))
  return { error, ...readOutput(outDir), log: stripVTControlCharacters(lines.join('\n')) }
}

interface Run extends BuildSettings {
  host: Host
  project: Project
  options: Options
  entry: string
  outDir: string
  lines: string[]
}

async function runVite(run: Run): Promise<undefined> {
  const vite = vites[run.host as ViteVersion]
  const note = (message: string): void => void run.lines.push(message)
  await vite.build(
    vite.mergeConfig(
      {
        root: run.project.dir,
        configFile: false,
        customLogger: {
          info: note,
          warn: note,
          warnOnce: note,
          error: note,
          clearScreen: () => {},
          hasErrorLogged: () => false,
          hasWarned: false,
        },
        build: {
          outDir: run.outDir,
          emptyOutDir: true,
          minify: false,
          rollupOptions: { input: run.project.path(run.entry) },
        },
        plugins: [run.viteBefore, magnificVite(run.options)],
      },
      run.vite ?? {},
    ),
  )
  return undefined
}

/** What webpack and Rspack are told alike. */
function loaderConfig(run: Run, own: Configuration = {}): Configuration {
  const note = (...args: unknown[]): void => void run.lines.push(args.join(' '))
  return {
    mode: 'production',
    context: run.project.dir,
    entry: run.project.path(run.entry),
    infrastructureLogging: { console: { ...console, info: note, warn: note } },
    ...own,
    output: {
      path: run.outDir,
      clean: true,
      assetModuleFilename: '[name]-[contenthash:8][ext]',
      ...own.output,
    },
  }
}

async function runWebpack(run: Run): Promise<string | undefined> {
  const config = loaderConfig(run, run.webpack)
  const plugins = [magnificWebpack(run.options), ...(config.plugins ?? [])]
  const compiler = webpack({ ...config, plugins })
  const stats = await promisify(compiler.run.bind(compiler))()
  await promisify(compiler.close.bind(compiler))()
  noteWarnings(run, stats)
  return stats?.hasErrors() ? stats.toString('errors-only') : undefined
}

async function runRspack(run: Run): Promise<string | undefined> {
  // What is said there means the same to both.
  const config = loaderConfig(run, run.rspack as Configuration) as RspackConfiguration
  const plugins = [magnificRspack(run.options), ...(config.plugins ?? [])]
  const compiler = rspack({ ...config, plugins })
  const stats = await promisify(compiler.run.bind(compiler))()
  await promisify(compiler.close.bind(compiler))()
  noteWarnings(run, stats)
  return stats?.hasErrors()
    ? stripVTControlCharacters(stats.toString({ preset: 'errors-only', colors: false }))
    : undefined
}

/** Warnings of webpack and Rspack are not in their log. */
function noteWarnings(
  { lines }: Run,
  stats: { toJson(options: object): { warnings?: { message: string }[] } } | undefined,
): void {
  const { warnings = [] } = stats?.toJson({ all: false, warnings: true }) ?? {}
  lines.push(...warnings.map(({ message }) => message))
}

/** Rollup's plugin knows no root but the working directory, and tells what it does on stderr. */
async function runIn(run: Run, bundle: () => Promise<void>): Promise<undefined> {
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(run.project.dir)
  const stderr = noteStderr(run)
  try {
    await bundle()
  } finally {
    cwd.mockRestore()
    stderr.mockRestore()
  }
  return undefined
}

/** What the plugin says there; of what else is said, nothing is looked at. */
function noteLog(
  { lines }: Run,
  { plugin, message }: { plugin?: string | undefined; message: string },
): void {
  if (plugin?.startsWith('unplugin-magnific') === true) lines.push(message)
}

async function runRollup(run: Run): Promise<undefined> {
  return runIn(run, async () => {
    const bundle = await rollup({
      input: run.project.path(run.entry),
      plugins: [magnificRollup(run.options), run.rollupPlugins ?? []],
      onLog: (_, log) => noteLog(run, log),
    })
    await bundle.write({ dir: run.outDir, assetFileNames: '[name]-[hash][extname]' })
    await bundle.close()
  })
}

async function runRolldown(run: Run): Promise<undefined> {
  return runIn(run, async () => {
    const bundle = await rolldown({
      input: run.project.path(run.entry),
      onLog: (_, log) => noteLog(run, log),
      ...run.rolldown,
      plugins: [magnificRolldown(run.options), run.rolldown?.plugins ?? []],
    })
    try {
      await bundle.write({
        dir: run.outDir,
        assetFileNames: '[name]-[hash][extname]',
        ...run.rolldownOutput,
      })
    } finally {
      await bundle.close()
    }
  })
}

async function runEsbuild(run: Run): Promise<undefined> {
  const stderr = noteStderr(run)
  try {
    const { warnings } = await buildByEsbuild({
      absWorkingDir: run.project.dir,
      entryPoints: [run.entry],
      bundle: true,
      format: 'esm',
      outdir: run.outDir,
      logLevel: 'silent',
      ...run.esbuild,
      plugins: [magnificEsbuild(run.options), ...(run.esbuild?.plugins ?? [])],
    })
    run.lines.push(...warnings.map(describeMessage))
  } catch (error) {
    const { errors = [] } = error as { errors?: Message[] }
    throw errors.length > 0 ? new Error(errors.map(describeMessage).join('\n')) : error
  } finally {
    stderr.mockRestore()
  }
  return undefined
}

function describeMessage({ text, location }: Message): string {
  return location ? `${location.file}:${location.line}:${location.column}: ${text}` : text
}

/** Hosts without a logger of their own have our words on stderr. */
function noteStderr({ lines }: Run): { mockRestore(): void } {
  return vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text).trimEnd())
    return true
  })
}

/** What a person would see of an error. */
function describe(error: unknown): string {
  const { message, loc, frame } = error as Error & {
    loc?: { file: string; line: number; column: number }
    frame?: string
  }
  return [message, loc && `${loc.file}:${loc.line}:${loc.column}`, frame].filter(Boolean).join('\n')
}

function readOutput(outDir: string): Pick<Built, 'assets' | 'code'> {
  const assets = new Map<string, Buffer>()
  let code = ''
  for (const entry of listFiles(outDir)) {
    const content = readFileSync(entry)
    if (/\.[cm]?js$/.test(entry)) code += content.toString('utf8')
    else assets.set(basename(entry), content)
  }
  return { assets, code }
}

function listFiles(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
  } catch {
    return []
  }
}
