import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { run } from './run-command.js'

/**
 * The Nodes that examples run on: what the registry's package `node` installs for this machine.
 *
 * @param {string} folder where they are installed, once each
 * @returns {(version: string) => Promise<{ version: string, path: string }>} the exact version, and a PATH on which it
 *   comes first; rejects where it is not to be had
 */
export function createNodes(folder) {
  const installed = new Map()
  return async (version) => {
    if (!installed.has(version)) installed.set(version, install(join(folder, version), version))
    return installed.get(version)
  }
}

async function install(folder, wanted) {
  const { platform, arch, env } = process
  const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'
  const name = `${prefix}-${platform === 'win32' ? 'win' : platform}-${arch}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  await run('npm', ['install', '--no-audit', '--no-fund', `${name}@${wanted}`], { cwd: folder })
  const home = join(folder, 'node_modules', name)
  const { version, bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  return { version, path: `${dirname(join(home, bin.node))}${delimiter}${env.PATH ?? ''}` }
}
