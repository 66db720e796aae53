import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * One build in a process of its own.
 *
 * @param {'vite' | 'imagetools' | 'webpack' | 'rollup'} host
 * @param {string} project its folder
 * @param {Record<string, string>} env beside the environment of this process
 * @param {object} [options] of the plugin
 * @returns {Promise<{ time: number, peak: number }>} wall time from the process's start to its end, ms; its peak of
 *   resident memory, bytes
 */
export async function runBuild(host, project, env, options = {}) {
  return runScript('run-build.js', [host, project, JSON.stringify(options)], env)
}

/**
 * The same of any script beside this one.
 *
 * @param {string} name
 * @param {string[]} args
 */
export async function runScript(name, args, env = {}) {
  const script = fileURLToPath(new URL(name, import.meta.url))
  const startedAt = process.hrtime.bigint()
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let stderr = ''
  let peak = ''
  child.stderr.on('data', (chunk) => (stderr += chunk))
  child.stdio[3].on('data', (chunk) => (peak += chunk))
  const closed = once(child, 'close')
  const [code] = await once(child, 'exit')
  const time = Number(process.hrtime.bigint() - startedAt) / 1e6
  await closed
  if (code !== 0) throw new Error(`${name} ${args.join(' ')}:\n${stderr}`)
  return { time, peak: Number(peak) }
}
