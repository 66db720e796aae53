import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { loadConfigFile } from 'rollup/loadConfigFile'
import { loadConfigFromFile } from 'vite'
import type { ConfigHost } from '../../src/cli/init/edit-config.ts'
import { tmpProject } from './project.ts'
import type { Project } from './project.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** A project whose configs find the plugin as it is packed, the hosts, and another plugin. */
export function configProject(files: Record<string, string | Uint8Array> = {}): Project {
  const project = tmpProject({
    'node_modules/other-plugin/package.json': JSON.stringify({
      name: 'other-plugin',
      exports: { require: './index.cjs', default: './index.mjs' },
    }),
    'node_modules/other-plugin/index.mjs': "export default () => ({ name: 'other', apply() {} })\n",
    'node_modules/other-plugin/index.cjs':
      "exports.__esModule = true\nexports.default = () => ({ name: 'other', apply() {} })\n",
    ...files,
  })
  mkdirSync(project.path('node_modules'), { recursive: true })
  symlinkSync(repository, project.path('node_modules/unplugin-magnific'), 'junction')
  for (const name of ['vite', 'rollup', 'webpack']) {
    symlinkSync(`${repository}node_modules/${name}`, project.path('node_modules', name), 'junction')
  }
  return project
}

/**
 * Loads a config as its host does.
 *
 * @returns the names of its plugins, in order, what is nested taken apart; `webpack plugin` for what has no name
 */
export async function loadPlugins(
  host: ConfigHost,
  project: Project,
  file: string,
): Promise<string[]> {
  const path = project.path(file)
  if (host === 'vite') {
    const env = { command: 'build', mode: 'production' } as const
    const loaded = await loadConfigFromFile(env, path, project.dir, 'silent')
    return flatten(loaded?.config.plugins)
  }
  if (host === 'rollup') {
    const { options } = await loadConfigFile(path, {}, false)
    return flatten(options[0]?.plugins)
  }
  const script = `
    let { default: config } = await import(${JSON.stringify(pathToFileURL(path).href)})
    if (typeof config === 'function') config = await config({}, { mode: 'production' })
    console.log(JSON.stringify(config.plugins.map(({ name, apply }) => name ?? (apply ? 'webpack plugin' : ''))))`
  const args = ['--input-type=module', '--eval', script]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout) as string[]
}

async function flatten(plugins: unknown): Promise<string[]> {
  const given = await plugins
  if (Array.isArray(given)) return (await Promise.all(given.map(flatten))).flat()
  if (typeof given !== 'object' || given === null) return []
  return 'name' in given ? [String(given.name)] : ['webpack plugin']
}

/** How a command line ended. */
export interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** Runs the command line as it is built, in a folder of a project. */
export async function runCli(
  cwd: string,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Ran> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...more }
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}
