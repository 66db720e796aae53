import { join } from 'node:path'
import { createEmulator } from 'unplugin-magnific/emulator'
import { buildClean, startBuild } from './child.js'
import { checkOutput, createProject, removeProject } from './project.js'
import { createRandom } from './random.js'
import { auditTasks, resolveAmbiguous, settle } from './truth.js'

/**
 * How one child comes to its end.
 *
 * @typedef {(
 *   | { by: 'operation', at: number, phase: 'before' | 'after' }
 *   | { by: 'time', ms: number, signal: NodeJS.Signals }
 *   | { by: 'call', route: string, nth: number, when: 'received' | 'over', signal: NodeJS.Signals }
 *   | { by: 'task', nth: number, signal: NodeJS.Signals }
 *   | { by: 'itself' }
 * )} Fate
 */

/**
 * One new project: its builds, and what becomes of them. The builds of one wave run at the same time.
 *
 * @typedef {object} Plan
 * @property {number} number
 * @property {number} seed
 * @property {boolean} list whether the emulator's list endpoint answers
 * @property {number} images
 * @property {number} delay between a submission that was accepted and its answer, ms
 * @property {Fate[][]} waves
 */

/**
 * @typedef {object} RoundResult
 * @property {number} kills children that a SIGKILL ended
 * @property {number} interrupts children that another signal ended
 * @property {number} ambiguous
 * @property {number} adopted of those that were ambiguous
 * @property {number} duplicates tasks that were paid for in vain
 * @property {string[]} problems
 */

/** From acceptance to the result, ms. */
export const latency = 50

/**
 * Runs the builds of a plan, then clean ones until one passes, and checks pictures and money.
 *
 * @param {Plan} plan
 * @returns {Promise<RoundResult>}
 */
export async function runRound({ seed, list, images, delay, waves }) {
  const faults = delay > 0 ? [{ route: 'submit', delay }] : []
  const emulator = await createEmulator({ latency, list, faults })
  const project = await createProject(createRandom(seed), images)
  const result = { kills: 0, interrupts: 0, ambiguous: 0, adopted: 0, duplicates: 0, problems: [] }
  try {
    for (const wave of waves) {
      const endings = await Promise.all(wave.map((fate) => meetFate(fate, project, emulator)))
      for (const ended of endings) noteEnding(ended, result)
    }
    await recover(project, emulator, result)
    await settle(emulator)
    const { duplicates, problems } = auditTasks(emulator, project)
    result.duplicates = duplicates
    result.problems.push(...problems, ...(await checkOutput(project)))
  } finally {
    await emulator.close()
    // What went wrong is left to be looked at.
    if (result.problems.length === 0) removeProject(project)
    else result.problems.push(`left in ${project.dir}`)
  }
  return result
}

/** Starts one child and ends it as planned, if it is not done before. */
async function meetFate(fate, project, emulator) {
  const kill = fate.by === 'operation' ? fate : undefined
  const from = { calls: emulator.calls.length, tasks: emulator.tasks.length }
  const child = startBuild(project, { baseUrl: emulator.url, kill })
  if (fate.by === 'time') {
    const timer = setTimeout(() => child.stop(fate.signal), fate.ms)
    return child.ended.finally(() => clearTimeout(timer))
  }
  if (fate.by === 'call' || fate.by === 'task') {
    // It may end before, and the emulator with it.
    emulator
      .until(() => isDue(fate, emulator, from), 60_000)
      .then(
        () => child.stop(fate.signal),
        () => {},
      )
  }
  return child.ended
}

function isDue(fate, { calls, tasks }, from) {
  if (fate.by === 'task') return tasks.length >= from.tasks + fate.nth
  const seen = calls.slice(from.calls).filter(({ route }) => route === fate.route)
  const call = seen[fate.nth - 1]
  return call !== undefined && (fate.when === 'received' || call.over)
}

function noteEnding({ code, signal, hung, output }, result) {
  if (hung) result.problems.push(`a build hung: ${output}`)
  else if (signal === 'SIGKILL') result.kills++
  else if (signal !== null || code === 130 || code === 143) result.interrupts++
  // One that nobody ended may come upon what the others left.
  else if (code !== 0 && !output.includes('SUBMIT_AMBIGUOUS')) {
    result.problems.push(`a build that was left alone failed: ${output}`)
  }
}

/** Builds cleanly; where that is ambiguous, finds out and builds once more. */
async function recover(project, emulator, result) {
  for (;;) {
    const { code, output, hung } = await buildClean(project, { baseUrl: emulator.url })
    if (code === 0) return
    const resolved =
      hung || result.ambiguous >= project.sources.length
        ? undefined
        : await resolveAmbiguous(output, emulator, project, join(project.dir, '.magnific'))
    if (!resolved || resolved === 'settled') {
      result.problems.push(`a clean build ${hung ? 'hung' : 'failed'}: ${output}`)
      return
    }
    result.ambiguous++
    if (resolved === 'adopted') result.adopted++
  }
}
