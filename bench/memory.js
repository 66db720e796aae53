import { join } from 'node:path'
import { startEmulator } from './emulator.js'
import { runPairs } from './pairs.js'
import { drawNoise, drawPatches, drawPicture } from './pictures.js'
import { forget, makeProject } from './projects.js'
import { makeRow } from './rows.js'
import { runBuild } from './run.js'

const goal = { of: 'difference', most: 64 }
const concurrency = 8
/** Bought anew each time. */
const everything = ['.']

/**
 * The peak of resident memory of a build that sends or fetches large pictures, beside the same build when it has all of
 * them: what the host itself holds is in both. What of it is there with the first small picture already, sharp and the
 * client of the API, is a row of its own.
 *
 * @param {{ folder: string, isQuick: boolean, pairsOr: (most: number) => number }} settings
 */
export async function measureMemory({ folder, isQuick, pairsOr }) {
  const emulator = await startEmulator({ latency: 0 })
  const measure = async (what, draw, images, { query, lost, ...about }) => {
    const project = join(folder, what.replaceAll(' ', '-'))
    await makeProject(project, draw, images, query)
    const runs = await runPairs(pairsOr(3), async (name) => {
      forget(project, name === 'ours' ? lost : [])
      return runBuild('vite', project, emulator.env, { concurrency })
    })
    const pick = (name) => runs[name].map(({ peak }) => peak / 1e6)
    const peaks = { ours: pick('ours'), plain: pick('plain') }
    return makeRow(`peak memory, ${what}`, peaks, { unit: 'MB', ...about })
  }
  const large = isQuick ? 8 : 32
  const results = isQuick ? 4 : 16
  try {
    return [
      await measure(`submitting ${large} images of 19 MB`, drawPatches, large, {
        lost: everything,
        goal,
      }),
      await measure('submitting one image of 60 kB', drawPicture, 1, { lost: everything }),
      await measure(`fetching ${results} results of 75 MB`, drawNoise, results, {
        // What is shipped is small: of what is large, Vite holds all at once.
        query: '?magnific=2x&format=webp&w=64',
        // What was paid for and is lost is fetched again.
        lost: ['blobs', 'variants', 'memo.json'],
      }),
    ]
  } finally {
    await emulator.close()
  }
}
