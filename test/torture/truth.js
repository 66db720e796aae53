// What the emulator knows, and what a person would do who asks it.
import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listRunning } from './child.js'

const cli = fileURLToPath(new URL('cli.js', import.meta.resolve('unplugin-magnific')))

/** @typedef {import('unplugin-magnific/emulator').Emulator} Emulator */

/**
 * Waits until everything that was sent before has been received, and has become a task or never will.
 *
 * @param {Emulator} emulator
 */
export async function settle(emulator) {
  // Connections are taken in order: when this one is answered, those before it are known.
  await new Promise((resolve, reject) => {
    get(`${emulator.url}/settle`, { agent: false }, (response) => {
      response.resume().on('end', resolve)
    }).on('error', reject)
  })
  const calls = [...emulator.calls]
  await emulator.until(() => calls.every(({ over }) => over), 60_000)
}

/**
 * The tasks that were accepted for a source.
 *
 * @param {Emulator} emulator
 * @param {import('./project.js').Source} source
 */
export function tasksOf({ tasks }, { sha256 }) {
  return tasks.filter(({ source }) => source.sha256 === sha256)
}

/**
 * What is wrong with the money once everything is built: each source must have been bought once.
 *
 * @param {Emulator} emulator
 * @param {import('./project.js').Project} project
 */
export function auditTasks(emulator, { sources }) {
  let duplicates = 0
  const problems = []
  for (const source of sources) {
    const { length } = tasksOf(emulator, source)
    duplicates += Math.max(0, length - 1)
    if (length !== 1) problems.push(`${source.name}: ${length} tasks accepted`)
  }
  return { duplicates, problems }
}

/**
 * Does what the message of an ambiguous build asks a person to do, by what the emulator knows, with `magnific resolve`.
 *
 * @param {string} output of the build
 * @param {Emulator} emulator
 * @param {import('./project.js').Project} project
 * @param {string} cacheDir
 * @returns {Promise<'adopted' | 'voided' | 'settled' | undefined>} `settled`: somebody else has seen to it; `undefined`: it
 *   is no such message
 */
export async function resolveAmbiguous(output, emulator, { sources }, cacheDir) {
  if (!output.includes('SUBMIT_AMBIGUOUS')) return undefined
  const [name] = /(?<=file: .*\/)image-\d+(?=\.png)/.exec(output) ?? []
  const source = sources.find((each) => each.name === name)
  const [prefix] = /(?<=resolve )[\da-f]{12,64}\b/.exec(output) ?? []
  const folder = prefix && findFolder(join(cacheDir, 'v1/journal', prefix.slice(0, 2)), prefix)
  if (!source || !folder) return undefined
  await settle(emulator)
  if (!hasOpenAttempt(folder)) return 'settled'
  const task = tasksOf(emulator, source)[0]?.id
  const refusal = await decide(prefix, task, emulator, cacheDir)
  // Another build may have found it out by itself meanwhile.
  if (refusal !== undefined && !hasOpenAttempt(folder)) return 'settled'
  if (refusal !== undefined) throw new Error(`\`magnific resolve\` refused: ${refusal}`)
  return task === undefined ? 'voided' : 'adopted'
}

function findFolder(shard, prefix) {
  const name = readdirSync(shard).find((each) => each.startsWith(prefix))
  return name && join(shard, name)
}

/** Whether an attempt was committed by somebody who is gone, and nothing more is known of it. */
function hasOpenAttempt(folder) {
  return readdirSync(folder).some((name) => {
    const files = readdirSync(join(folder, name))
    if (!files.includes('decided')) return false
    const decided = readFileSync(join(folder, name, 'decided'), 'utf8')
    const numbers = decided.split(/[^\d]+/).map(Number)
    return (
      decided.startsWith('commit') &&
      !['task', 'outcome', 'void'].some((each) => files.includes(each)) &&
      !listRunning().some((pid) => numbers.includes(pid))
    )
  })
}

/** What a person decides who has looked. Resolves to why it was refused, if it was. */
async function decide(fingerprint, task, { url }, cacheDir) {
  const way = task === undefined ? ['--void'] : ['--adopt', task]
  const { PATH } = process.env
  const env = { PATH, FREEPIK_API_KEY: 'test-key-of-somebody', MAGNIFIC_BASE_URL: url }
  const args = [cli, 'resolve', fingerprint, ...way, '--cache-dir', cacheDir]
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}` : undefined)
    })
  })
}
