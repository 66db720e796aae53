import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
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
  const { time } = await measureBuild(host, project, env)
  return time
}

/**
 * The same with its peak of resident memory, where the system tells.
 *
 * @returns {Promise<{ time: number, peak: number }>} ms, bytes
 */
export async function measureBuild(host, project, env) {
  const startedAt = process.hrtime.bigint()
  const child = spawn(process.execPath, [script, host, project], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += chunk))
  let peak = 0
  const watch = setInterval(() => (peak = readPeak(child.pid) ?? peak), 50)
  const [code] = await once(child, 'exit')
  clearInterval(watch)
  const time = Number(process.hrtime.bigint() - startedAt) / 1e6
  if (code !== 0) throw new Error(`${host} in ${project}:\n${stderr}`)
  return { time, peak }
}

/** The kernel's high-water mark: it only rises, so that what is missed is what came in the last moment. */
function readPeak(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]) * 1024 || undefined
  } catch {
    return undefined
  }
}
