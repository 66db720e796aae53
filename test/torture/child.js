import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const script = fileURLToPath(new URL('../helpers/child-build.js', import.meta.url))
const preload = new URL('kill-preload.js', import.meta.url).href
/** A build that takes longer hangs, ms. */
const patience = 100_000

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * @typedef {object} Ended
 * @property {number | null} code
 * @property {string | null} signal
 * @property {string} output
 * @property {boolean} hung it had to be stopped
 * @property {number} duration ms
 */

/**
 * @typedef {object} BuildSettings
 * @property {string} baseUrl of the emulator
 * @property {string} [cacheDir] the project's own by default
 * @property {{ at: number, phase: 'before' | 'after' }} [kill] the operation on the cache directory at which it ends
 * @property {string} [countFile] gets the number of those operations, and which of them are steps of the journal, as JSON
 */

/**
 * Builds a project with Rollup in a process of its own.
 *
 * @param {import('./project.js').Project} project
 * @param {BuildSettings} settings
 */
export function startBuild(project, { baseUrl, cacheDir, kill, countFile }) {
  const cache = cacheDir ?? join(project.dir, '.magnific')
  const options = { apiKey: 'test-key-of-somebody', baseUrl, cache: { dir: cache } }
  const isWatched = kill !== undefined || countFile !== undefined
  const args = [script, 'rollup', project.dir, JSON.stringify(options)]
  const startedAt = performance.now()
  const child = spawn(process.execPath, isWatched ? ['--import', preload, ...args] : args, {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      ...(isWatched && { TORTURE_CACHE_DIR: cache }),
      ...(kill && { TORTURE_KILL_AT: String(kill.at), TORTURE_KILL_PHASE: kill.phase }),
      ...(countFile && { TORTURE_COUNT_FILE: countFile }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  let hung = false
  const timer = setTimeout(() => {
    hung = true
    child.kill('SIGKILL')
  }, patience)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (output += String(chunk)))
  }
  /** @type {Promise<Ended>} */
  const ended = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      running.delete(child)
      const duration = performance.now() - startedAt
      resolve({ code, signal, output: stripVTControlCharacters(output), hung, duration })
    })
  })
  return { pid: child.pid, ended, stop: (signal) => void child.kill(signal) }
}

/**
 * Builds with nothing in the way, from an empty output folder.
 *
 * @param {import('./project.js').Project} project
 * @param {BuildSettings} settings
 */
export async function buildClean(project, settings) {
  rmSync(join(project.dir, 'dist'), { recursive: true, force: true })
  return startBuild(project, settings).ended
}

/** The processes that build at this moment. */
export function listRunning() {
  return [...running].map(({ pid }) => pid)
}
