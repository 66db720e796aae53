import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('run-build.js', import.meta.url))

/**
 * One build in a process of its own.
 *
 * @param {string} host `vite`, `webpack` or `rollup`
 * @param {string} project its folder
 * @param {Record<string, string>} env beside the environment of this process
 * @returns {Promise<number>} wall time from the process's start to its end, ms
 */
export async function runBuild(host, project, env) {
  const startedAt = process.hrtime.bigint()
  const child = spawn(process.execPath, [script, host, project], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const [code] = await once(child, 'exit')
  const time = Number(process.hrtime.bigint() - startedAt) / 1e6
  if (code !== 0) throw new Error(`${host} in ${project}:\n${stderr}`)
  return time
}
