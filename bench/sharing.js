import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startEmulator } from './emulator.js'
import { runPairs } from './pairs.js'
import { drawPicture } from './pictures.js'
import { forget, listVariants, makeProject } from './projects.js'
import { startRedis } from './redis.js'
import { makeRow } from './rows.js'
import { runBuild, runScript } from './run.js'

const goal = { of: 'ratio', most: 1.5 }
/** Of the sources, pixels: the results have about a megabyte. */
const size = [450, 340]

/**
 * What a machine takes to build with images that another one has bought, beside a script that copies the same bytes out of
 * the same Redis.
 *
 * @param {{ folder: string, isQuick: boolean, pairsOr: (most: number) => number }} settings
 */
export async function measureSharing({ folder, isQuick, pairsOr }) {
  const count = isQuick ? 20 : 100
  const [emulator, redis] = await Promise.all([
    startEmulator({ latency: 0, alpha: 'keep' }),
    startRedis(),
  ])
  const project = join(folder, 'sharing')
  const copies = join(folder, 'copies')
  // Whoever takes what is there has no key.
  const env = { ...emulator.env, MAGNIFIC_CACHE_REMOTE: redis.url, FREEPIK_API_KEY: '' }
  try {
    await makeProject(project, async (index) => drawPicture(index, ...size), count)
    await runBuild('rollup', project, { ...env, ...emulator.env }, fast)
    const bytes = listVariants(project).reduce((sum, file) => sum + statSync(file).size, 0)
    const warm = []
    const runs = await runPairs(pairsOr(7), async (name) => {
      rmSync(copies, { recursive: true, force: true })
      if (name === 'plain') return runScript('run-copy.js', [redis.url, copies])
      // Another machine has nothing at all.
      forget(project, ['.'])
      const fresh = await runBuild('rollup', project, env)
      forget(project)
      warm.push(await runBuild('rollup', project, env))
      return fresh
    })
    const what = `${count} images of ${(bytes / count / 1e6).toFixed(1)} MB, which another machine has bought`
    const plain = runs.plain.map(({ time }) => time)
    // One pair more has run than counts.
    const rest = warm.slice(-runs.ours.length)
    const added = runs.ours.map(({ time }, index) => time - rest[index].time)
    return [
      makeRow(
        `${what}: what fetching adds to a warm Rollup build`,
        { ours: added, plain },
        { goal },
      ),
      makeRow(`${what}: the whole Rollup build`, {
        ours: runs.ours.map(({ time }) => time),
        plain,
      }),
    ]
  } finally {
    await emulator.close()
    await redis.close()
  }
}

const fast = { concurrency: 64, ratePerMinute: 100_000 }
