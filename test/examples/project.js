import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run-command.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Packs the plugin as it would be published: `npm run build` has to have run. */
export async function packPlugin(folder) {
  const { output } = await run(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder],
    { cwd: root },
  )
  return join(folder, output.trim().split('\n').at(-1))
}

/**
 * Copies an example, and installs what it depends on.
 *
 * @param {string} from its folder in playground/
 * @param {string} project where it is copied to
 * @param {Record<string, string>} versions of packages that are installed in place of what it says
 * @param {{ tarball: string, env: NodeJS.ProcessEnv, signal: AbortSignal }} setting
 */
export async function installExample(from, project, versions, { tarball, env, signal }) {
  const source = join(root, 'playground', from)
  const left = new Set(['node_modules', '.magnific', 'package-lock.json'])
  cpSync(source, project, { recursive: true, filter: (path) => !left.has(basename(path)) })
  const file = join(project, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  for (const name of ['dependencies', 'devDependencies']) {
    for (const dependency of Object.keys(manifest[name] ?? {})) {
      if (versions[dependency]) manifest[name][dependency] = versions[dependency]
      if (dependency === 'unplugin-magnific') manifest[name][dependency] = `file:${tarball}`
    }
  }
  writeFileSync(file, JSON.stringify(manifest, undefined, 2))
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: project, env, signal })
}

/** Removes what builds have made, but for the cache directory of the plugin. */
export function clearBuild(project, { outputs, caches = [] }) {
  for (const folder of [...outputs, ...caches]) {
    rmSync(join(project, folder), { recursive: true, force: true })
  }
}

/** What was really installed, as `name@version`. */
export function readVersion(project, name) {
  const file = join(project, 'node_modules', name, 'package.json')
  return JSON.parse(readFileSync(file, 'utf8')).version
}
