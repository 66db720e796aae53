import { join } from 'node:path'
import { createEmulator } from 'unplugin-magnific/emulator'
import { buildClean, startBuild } from './child.js'
import { checkOut, checkOutput, createProject, removeProject } from './project.js'
import { createRandom } from './random.js'
import { latency } from './rounds.js'
import { auditTasks, resolveAmbiguous, settle } from './truth.js'

/**
 * Many checkouts of one project that build at the same time with one cache directory; some are killed and started again.
 *
 * @param {{ seed: number, list: boolean, processes: number, images: number }} settings
 * @returns {Promise<import('./rounds.js').RoundResult>}
 */
export async function runCrowd({ seed, list, processes, images }) {
  const random = createRandom(seed)
  const emulator = await createEmulator({ latency, list })
  const project = await createProject(random, images)
  const cacheDir = join(project.dir, '.magnific')
  const settings = { baseUrl: emulator.url, cacheDir }
  const checkouts = [project, ...Array.from({ length: processes - 1 }, () => checkOut(project))]
  const result = { kills: 0, interrupts: 0, ambiguous: 0, adopted: 0, duplicates: 0, problems: [] }
  /** @type {Set<ReturnType<typeof startBuild>>} */
  const running = new Set()
  let resolving = Promise.resolve()
  let over = false

  /** One checkout, built as often as it takes. */
  const buildUntilDone = async (checkout) => {
    while (result.problems.length === 0) {
      const child = startBuild(checkout, settings)
      running.add(child)
      const { code, signal, output, hung } = await child.ended
      running.delete(child)
      if (code === 0) return
      if (hung) result.problems.push(`a build hung: ${output}`)
      else if (signal === 'SIGKILL') result.kills++
      else await resolveInTurn(output)
    }
  }

  /** One after the other: those who wait for one image come upon the same attempt. */
  const resolveInTurn = async (output) => {
    const resolved = resolving.then(() => resolveAmbiguous(output, emulator, project, cacheDir))
    resolving = resolved.catch(() => {})
    const outcome = await resolved
    if (outcome === undefined) result.problems.push(`a build failed: ${output}`)
    if (outcome === 'adopted' || outcome === 'voided') result.ambiguous++
    if (outcome === 'adopted') result.adopted++
  }

  /** Kills somebody each time that so many images are bought. */
  const killSome = async () => {
    const moments = Array.from({ length: processes }, () => random.int(0, images - 1))
    for (const moment of moments.toSorted((a, b) => a - b)) {
      await emulator.until(() => over || emulator.tasks.length > moment, 120_000)
      if (running.size > 0) random.pick([...running]).stop('SIGKILL')
    }
  }

  try {
    const killing = killSome().catch((error) => result.problems.push(error.message))
    await Promise.all(checkouts.map(buildUntilDone))
    over = true
    await settle(emulator)
    await killing
    const { code, output } = await buildClean(project, settings)
    if (code !== 0) result.problems.push(`the last build failed: ${output}`)
    const { duplicates, problems } = auditTasks(emulator, project)
    result.duplicates = duplicates
    result.problems.push(...problems)
    for (const checkout of checkouts) result.problems.push(...(await checkOutput(checkout)))
  } finally {
    await emulator.close()
    if (result.problems.length === 0) for (const checkout of checkouts) removeProject(checkout)
    else result.problems.push(`left in ${project.dir}`)
  }
  return result
}
